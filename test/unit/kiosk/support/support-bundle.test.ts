import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadKioskConfig } from "../../../../kiosk/config.ts";
import { scrub } from "../../../../kiosk/support/scrub.ts";
import { makeSupportBundle, type SupportSources } from "../../../../kiosk/support/support-bundle.ts";
import { findLeaks } from "../../../support/canary.ts";
import { openTestLedger, sealedAppends } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const CANARIES = ["001090123456", "0912 345 678", "0912.345.678", "aa:bb:cc:dd:ee:ff", "Nguyễn Văn An"];

function sources(dataDir: string, change: Partial<SupportSources> = {}): SupportSources {
  return {
    config: loadKioskConfig({ env: {}, flags: [`dataDir=${dataDir}`, "uplink.url=mqtts://kiosk:hunter2@gw:8883"] }),
    bundleDir: join(dataDir, "bundle"),
    nowMs: Date.UTC(2026, 10, 16, 2),
    inspect: async () => [{ check: "scanner", ok: true, detail: "present" }],
    disk: async () => ({ freeBytes: 1_000 }),
    log: async () => [],
    ...change,
  };
}

const read = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(gunzipSync(bytes).toString("utf8")) as Record<string, unknown>;

describe("a support bundle", () => {
  it("tells versions, configuration, ledger, devices and log, and names what it cannot read", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(join(folder, "ledger"));
    const { next } = await sealedAppends();
    await log.append([next(log, "001090123456")]);
    const line =
      '{"level":"info","time":1790000000000,"part":"kiosk","event":"uplink.interrupted","fault":"KIOSK_UPLINK_DOWN"}';
    const facts = read(
      await makeSupportBundle(sources(folder, { log: async () => [line], counters: () => ({ scans: 7 }) })),
    );
    expect(facts).toMatchObject({
      v: 1,
      madeAt: "2026-11-16T02:00:00.000Z",
      ledger: { rows: 1, unconfirmed: 1 },
      place: { fault: "KIOSK_NOT_PROVISIONED" },
      devices: [{ check: "scanner", ok: true }],
      counters: { scans: 7 },
      log: [JSON.parse(line)],
    });
    await log.close();
  });

  it("holds nothing of a visitor, whatever a careless line or file holds", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(join(folder, "ledger"));
    const { next } = await sealedAppends();
    await log.append([next(log, "001090123456")]);
    const careless = [
      "TypeError: cannot read 001090123456||Nguyễn Văn An|01011990",
      ...CANARIES.slice(0, 4).map((text) => JSON.stringify({ event: "scan.failed", payload: `read ${text} twice` })),
      JSON.stringify({ event: "scan.failed", code: `BP1:${"6BF".repeat(40)}` }),
      JSON.stringify({ event: "scan.failed", nested: { deep: [{ text: "001090123456" }] } }),
    ];
    const bytes = await makeSupportBundle(sources(folder, { log: async () => careless }));
    const text = gunzipSync(bytes);
    expect(findLeaks([["bundle", text]], [...CANARIES, "6BF6BF", "hunter2"])).toEqual([]);
    await log.close();
  });

  it("fits into an answer however long the log is, the newest lines first to stay", async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) =>
      JSON.stringify({ event: "noise", n, salt: randomBytes(20).toString("hex") }),
    );
    const bytes = await makeSupportBundle(sources(tempFolder(), { log: async () => lines }));
    expect(bytes.length).toBeLessThanOrEqual(88_000);
    const kept = read(bytes)["log"] as { n: number }[];
    expect(kept.at(-1)?.n).toBe(19_999);
  });
});

describe("the scrubber", () => {
  it.each(["192.168.100.200", "2026-11-16T02:00:00.000Z", "1900 9095", "door-a", "/dev/serial/by-id/usb-SCANNER-if00"])(
    "leaves %s alone",
    (text) => expect(scrub(text)).toBe(text),
  );

  it("leaves no number of nine digits or more in any text, at any depth", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.stringMatching(/^\d{9,15}$/), (value, digits) => {
        const text = JSON.stringify(scrub({ value, list: [`x${digits}y`, { inner: digits }] }));
        expect(text).not.toContain(digits);
      }),
    );
  });
});
