import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startStatusServer } from "../../../gateway/status/http.ts";
import { addStickRoutes } from "../../../gateway/status/stick-routes.ts";
import { decodeStickFile, encodeStickFile } from "../../../protocol/checkin/outbox-file.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { makeAuthority, makeDevice } from "../../support/batches.ts";
import { doorOf, type GatewayRig, makeSite, openGatewayRig } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { runToEnd } from "../../support/part.ts";
import { StubEngine } from "../../support/stub-engine.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const A = parseDeviceId("door-a");
const row = { kind: "in" as const };
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function open(): Promise<{ rig: GatewayRig; engine: StubEngine }> {
  const engine = await StubEngine.create(site);
  return { rig: await openGatewayRig({ site, engine }), engine };
}

describe("batches that come by USB stick", () => {
  it("are taken as any other, twice as once, and mix with those that came over the network", async () => {
    const { rig, engine } = await open();
    await rig.add("door-a");
    const maker = await doorOf(site, "door-a");
    const batches = [await maker.batch([row]), await maker.batch([row, row]), await maker.batch([row])];
    for (const { bytes } of batches) expect(await rig.gateway.stick.take(bytes)).toEqual({ kind: "stored", device: A });
    await waitFor(() => engine.stored.length === 3);
    for (const { bytes } of batches)
      expect(await rig.gateway.stick.take(bytes)).toEqual({ kind: "duplicate", device: A });
    expect(engine.stored).toEqual(["door-a 1", "door-a 2", "door-a 4"]);
    await waitFor(async () => (await rig.gateway.stick.receiptsOf(A)).length === 1);
    const [receipt] = await rig.gateway.stick.receiptsOf(A);
    await verifyCose1(parseCose1(receipt as Uint8Array), await importVerifyKey(site.receiptPair.publicKey));
  });

  it("are refused when nobody of ours signed them", async () => {
    const { rig } = await open();
    await rig.add("door-a");
    await rig.add("door-b");
    const reasonOf = async (bytes: Uint8Array): Promise<string> => {
      const outcome = await rig.gateway.stick.take(bytes);
      return outcome.kind === "refused" ? outcome.reason : outcome.kind;
    };
    const good = await (await doorOf(site, "door-a")).batch([row]);
    const stranger = await (await makeDevice(await makeAuthority(), { device: "door-a" })).batch([row]);
    const altered = new Uint8Array(good.bytes);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    const borrowed = await (await doorOf(site, "door-b")).sign(good.payload);
    const otherSite = await makeDevice(await makeAuthority({ root: site.root }), {
      site: "school-2",
      device: "door-a",
    });
    expect([
      await reasonOf(stranger.bytes),
      await reasonOf(altered),
      await reasonOf(borrowed),
      await reasonOf((await otherSite.batch([row])).bytes),
      await reasonOf((await (await doorOf(site, "door-z")).batch([row])).bytes),
      await reasonOf(new Uint8Array([1, 2, 3])),
    ]).toEqual(["foreign", "bad_signature", "foreign", "foreign", "unknown_device", "not_a_batch"]);
    await rig.registry.revoke(A, Date.now() as WallMs);
    expect(await reasonOf(good.bytes)).toBe("revoked");
    expect((await rig.gateway.status()).spool.batches).toBe(0);
  });
});

describe("gateway import", () => {
  it("reads a stick, says what became of each file, and writes the receipts for the way back", async () => {
    const { rig, engine } = await open();
    await rig.add("door-a");
    const { gateway, registry, folder } = rig;
    const server = await startStatusServer({
      ...{ gateway, registry, dataDir: folder, host: "127.0.0.1", port: 0, openMetrics: false, nowMs: Date.now },
      certificatePem: () => site.identity.gateway.certificatePem,
      more: (app) => addStickRoutes(app, gateway.stick),
    });
    const stick = join(tempFolder(), "stick");
    mkdirSync(stick);
    const maker = await doorOf(site, "door-a");
    const messages = [(await maker.batch([row])).bytes, (await maker.batch([row])).bytes];
    const file = encodeStickFile({ kind: "outbox", site: site.identity.site, device: A, messages });
    writeFileSync(join(stick, "door-a-1.bpout"), file);
    writeFileSync(join(stick, "holiday.jpg"), "not ours");
    const at = ["--set", `http.port=${server.port}`, `dataDir=${folder}`];
    const run = (): ReturnType<typeof runToEnd> =>
      runToEnd({ script: "dist/gateway/main.js", args: ["import", stick, "--json", ...at] });
    const first = await run();
    expect([first.code, JSON.parse(first.stdout).files]).toEqual([
      0,
      [{ file: "door-a-1.bpout", device: "door-a", counts: { stored: 2 } }],
    ]);
    await waitFor(() => engine.stored.length === 2);
    await waitFor(async () => (await gateway.stick.receiptsOf(A)).length === 1);
    writeFileSync(join(stick, "torn.bpout"), file.subarray(0, 100));
    const second = await run();
    expect([second.code, JSON.parse(second.stdout)]).toEqual([
      1,
      {
        files: [
          { file: "door-a-1.bpout", device: "door-a", counts: { duplicate: 2 } },
          { file: "torn.bpout", device: null, counts: { unreadable: 1 } },
        ],
        receipts: ["door-a"],
      },
    ]);
    const back = decodeStickFile(new Uint8Array(readFileSync(join(stick, "door-a.bprec"))));
    expect([back.kind, back.device, back.messages.length]).toEqual(["receipts", A, 1]);
    expect(readdirSync(stick).some((name) => name.endsWith(".new"))).toBe(false);
    await server.close();
    const alone = await run();
    expect([alone.code, alone.stderr]).toEqual([69, expect.stringContaining("GW_NOT_RUNNING")]);
  });
});
