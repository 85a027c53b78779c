import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { runToEnd } from "../support/part.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";
const why = existsSync("/sys/class/bluetooth/hci0") ? "skipped: this machine has a radio" : noPtys;

describe.skipIf(why !== "")(`a kiosk that was ordered to be a beacon on a machine without Bluetooth ${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-noradio-"));
  const lines: string[] = [];
  let site: ProcessSite;
  let door: ProcessDoor;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "school-1",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Cổng trường", settings: ["radio.use=on"] }],
      log: (part, line) => lines.push(`${part} ${line}`),
    });
    door = site.doors[0] as ProcessDoor;
  });
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("checks in as if nothing were", async () => {
    const screen = new ScreenWatch(door.screen);
    await screen.open();
    await waitFor(() => screen.hasScanner(), { timeoutMs: 20_000, what: "the scanner" });
    await door.scanner.present(CARD);
    await waitFor(() => screen.accepted.has("000001"), { timeoutMs: 20_000, what: "a check-in" });
    await screen.close();
  });

  it("says in log and health that its beacon is off, and in doctor what is missing", async () => {
    await waitFor(() => lines.some((line) => line.includes("beacon.off") && line.includes("FW_RADIO_LOST")), {
      timeoutMs: 30_000,
      what: "the log's word",
    });
    const metrics = async (): Promise<string> => (await fetch(`${site.gatewayUrl}/metrics`)).text();
    await waitFor(async () => /kiosk_beacon_advertising\{[^}]*\} 0/.test(await metrics()), {
      timeoutMs: 60_000,
      what: "the gateway's word",
    });
    const flags = ["--json", "-s", `dataDir=${join(folder, "door-1")}`, "radio.use=on"];
    const doctor = await runToEnd({ script: "dist/kiosk/main.js", args: ["doctor", ...flags] });
    const { findings } = JSON.parse(doctor.stdout) as { findings: { check: string; ok: boolean; detail: string }[] };
    expect(findings.find(({ check }) => check === "radio")).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/no Bluetooth adapter/),
    });
    const status = await runToEnd({ script: "dist/kiosk/main.js", args: ["status", ...flags.slice(0, 3)] });
    expect(JSON.parse(status.stdout)).toMatchObject({ ledger: { presence: { rows: 0, unconfirmed: 0 } } });
  });
});
