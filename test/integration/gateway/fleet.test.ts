import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FleetStore } from "../../../gateway/fleet/fleet-store.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { type GatewayRig, makeSite, openGatewayRig } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { openRemoteDoor } from "../../support/remote-door.ts";
import { StubEngine } from "../../support/stub-engine.ts";
import { waitFor } from "../../support/wait-for.ts";

const A = parseDeviceId("door-a");
const B = parseDeviceId("door-b");
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function open(folder?: string): Promise<GatewayRig> {
  return openGatewayRig({ site, engine: await StubEngine.create(site), ...(folder !== undefined && { folder }) });
}

describe("a fleet over real MQTT", () => {
  it("lets the right box show itself, once, and hears that it did", async () => {
    const rig = await open();
    const timers = new ManualTimers();
    const a = await openRemoteDoor(await rig.add("door-a"), rig.tlsPort, timers);
    const b = await openRemoteDoor(await rig.add("door-b"), rig.tlsPort, timers);
    const { fleet } = rig.gateway;
    await waitFor(async () => (await fleet.store.allReported()).size === 2);
    const { id } = await fleet.command("technician", A, "identify");
    await waitFor(async () => (await fleet.store.findCommand(id))?.outcome === "done");
    expect([a.done, b.done]).toEqual([["identify"], []]);
    expect(await fleet.store.auditTrail(1)).toMatchObject([{ operator: "technician", action: "identify", device: A }]);
  });

  it("keeps an order for a kiosk that is away, and sends it again to one that did not answer", async () => {
    const rig = await open();
    const bundle = await rig.add("door-a");
    const { fleet } = rig.gateway;
    const { id } = await fleet.command("technician", A, "reboot");
    const timers = new ManualTimers();
    const door = await openRemoteDoor(bundle, rig.tlsPort, timers);
    await waitFor(async () => (await fleet.store.findCommand(id))?.outcome === "done");
    await door.close();
    const again = await openRemoteDoor(bundle, rig.tlsPort, timers);
    await fleet.command("technician", A, "identify");
    await waitFor(() => again.done.includes("identify"));
    expect(again.done).toEqual(["identify"]);
  });

  it("sets a kiosk, which keeps it after the trial", async () => {
    const rig = await open();
    const timers = new ManualTimers();
    const door = await openRemoteDoor(await rig.add("door-a"), rig.tlsPort, timers);
    const { fleet } = rig.gateway;
    const { version } = await fleet.configure("technician", A, { capacity: 120, profile: "exit" });
    await waitFor(() => door.inForce.at(-1)?.capacity === 120);
    timers.advance(120_000);
    await waitFor(async () => (await fleet.store.allReported()).get(A)?.message.version === version);
    const next = await fleet.configure("technician", A, { capacity: null });
    expect(next).toEqual({ version: version + 1, settings: { profile: "exit" } });
    await waitFor(() => door.inForce.at(-1)?.capacity === 0);
  });

  it("hears why a kiosk went back, and sends the order again after its own restart without harm", async () => {
    const rig = await open();
    const bundle = await rig.add("door-a");
    const timers = new ManualTimers();
    const door = await openRemoteDoor(bundle, rig.tlsPort, timers);
    const { fleet } = rig.gateway;
    await fleet.configure("technician", A, { capacity: 7 });
    await waitFor(() => door.inForce.at(-1)?.capacity === 7);
    door.sick.reason = "fault";
    timers.advance(5_000);
    await waitFor(async () => (await fleet.store.allReported()).get(A)?.message.refused?.reason === "fault");
    expect(door.inForce.at(-1)?.capacity).toBe(0);
    expect((await rig.gateway.status()).counters["settings.not_kept"]).toBe(1);
  });

  it("brings a support bundle, and refuses answers to orders that nobody gave", async () => {
    const rig = await open();
    const timers = new ManualTimers();
    const a = await openRemoteDoor(await rig.add("door-a"), rig.tlsPort, timers);
    await openRemoteDoor(await rig.add("door-b"), rig.tlsPort, timers);
    const { fleet } = rig.gateway;
    await waitFor(async () => (await fleet.store.allReported()).size === 2);
    const { id } = await fleet.command("technician", B, "bundle");
    await waitFor(async () => (await fleet.store.bundle(B)) !== null);
    expect(Buffer.from((await fleet.store.bundle(B)) ?? []).toString()).toBe("bundle of door-b");
    const forged = Buffer.from('{"name":"bundle","outcome":"done","data":"eA=="}');
    await a.transport.publish(`cmd-result/${id}`, forged, { qos: 1 });
    await waitFor(async () => (await rig.gateway.status()).counters["message.malformed"] === 1);
    expect(await fleet.store.bundle(A)).toBeNull();
  });

  it("commits once a second for a kiosk that floods it with reports, and the last word stands", async () => {
    const rig = await open();
    const door = await openRemoteDoor(await rig.add("door-a"), rig.tlsPort, new ManualTimers());
    const { store } = rig.gateway.fleet;
    await waitFor(async () => (await store.allReported()).size === 1);
    const before = await store.version();
    for (let capacity = 1; capacity <= 300; capacity += 1) {
      const report = Buffer.from(JSON.stringify({ version: 0, state: "settled", settings: { capacity } }));
      await door.transport.publish("reported", report, { qos: 1 });
    }
    await waitFor(async () => (await store.allReported()).get(A)?.message.settings.capacity === 300);
    const commits = Number((await store.version()).split(".")[1]) - Number(before.split(".")[1]);
    expect(commits).toBeLessThan(30);
  });

  it("sends what the command line entered beside it", async () => {
    const rig = await open();
    const door = await openRemoteDoor(await rig.add("door-a"), rig.tlsPort, new ManualTimers());
    await waitFor(async () => (await rig.gateway.fleet.store.allReported()).size === 1);
    const beside = await FleetStore.open(join(rig.folder, "fleet.db"), nodeCrypto);
    await beside.command(A, "identify", Date.now() as WallMs);
    await waitFor(() => door.done.length === 1);
    await beside.close();
  });

  it("gives no order to a kiosk that it does not know or has revoked", async () => {
    const rig = await open();
    await rig.add("door-a");
    const { fleet } = rig.gateway;
    await expect(fleet.command("technician", B, "identify")).rejects.toMatchObject({ code: "GW_UNKNOWN_DEVICE" });
    await rig.registry.revoke(A, Date.now() as WallMs);
    await expect(fleet.configure("technician", A, { capacity: 1 })).rejects.toMatchObject({
      code: "GW_UNKNOWN_DEVICE",
    });
  });

  it("refuses settings that are none, and an order too many", async () => {
    const rig = await open();
    await rig.add("door-a");
    const { fleet } = rig.gateway;
    await expect(fleet.configure("technician", A, { capacity: -1 })).rejects.toMatchObject({ code: "GW_SETTING" });
    await expect(fleet.configure("technician", A, { dataDir: "/" } as never)).rejects.toThrow("unknown setting");
    for (let n = 0; n < 10; n += 1) await fleet.command("technician", A, "identify");
    await expect(fleet.command("technician", A, "identify")).rejects.toMatchObject({ code: "GW_TOO_MANY_COMMANDS" });
  });
});
