import { describe, expect, it, onTestFinished } from "vitest";
import type { Gateway } from "../../../gateway/app.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import { externalWorker, missing, startExternal } from "../../support/external-brokers.ts";
import { register } from "../../support/gateway-process.ts";
import { openGatewayAt } from "../../support/gateway-rig.ts";
import { makeSite } from "../../support/gateway-site.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { tempFolder, waitFor } from "../../support/processes.ts";
import { openRemoteDoor, type RemoteDoor } from "../../support/remote-door.ts";
import { StubEngine } from "../../support/stub-engine.ts";

const noMosquitto = missing("mosquitto");
const A = parseDeviceId("door-a");

interface Rig {
  readonly gateway: Gateway;
  /** Connects the kiosk, which says that it is online. */
  connect(): Promise<RemoteDoor>;
}

async function open(): Promise<Rig> {
  const site = await makeSite();
  const folder = tempFolder();
  await register(folder, ["door-a"]);
  const server = await startExternal("mosquitto", site, tempFolder());
  onTestFinished(async () => void (await server.process.kill9()));
  const gateway = await openGatewayAt(folder, {
    site,
    broker: externalWorker(site, server.port),
    engine: await StubEngine.create(site),
  });
  const bundle = await site.device("door-a");
  const connect = async (): Promise<RemoteDoor> => {
    const door = await openRemoteDoor(bundle, server.port, new ManualTimers());
    await say(door, { status: "online", boot: "0a0b0c0d" });
    return door;
  };
  return { gateway, connect };
}

const say = async ({ transport }: RemoteDoor, state: object): Promise<void> =>
  waitFor(() =>
    transport.publish("state", Buffer.from(JSON.stringify(state)), { qos: 1, retain: true }).then(
      () => true,
      () => false, // not connected yet
    ),
  ).then(() => undefined);

describe.skipIf(noMosquitto !== "")(`a fleet behind an external broker ${noMosquitto}`, () => {
  it("gets the orders that were given while a kiosk was away, once", async () => {
    const { gateway, connect } = await open();
    const { fleet } = gateway;
    const isConnected = async (): Promise<boolean | undefined> => (await gateway.status()).devices[0]?.connected;
    const before = await connect();
    await waitFor(isConnected, { what: "the kiosk" });
    await say(before, { status: "offline" });
    await before.close();
    await waitFor(async () => (await isConnected()) === false, { what: "the kiosk to be away" });
    const { id } = await fleet.command("technician", A, "identify");
    await fleet.configure("technician", A, { capacity: 120 });

    const after = await connect();
    await waitFor(async () => (await fleet.store.findCommand(id))?.outcome === "done", {
      what: "the order to be done",
    });
    await waitFor(() => after.inForce.at(-1)?.capacity === 120, { what: "the settings" });
    await say(after, { status: "online", boot: "0a0b0c0d" });
    await fleet.command("technician", A, "reboot");
    await waitFor(() => after.done.includes("reboot"));
    expect(after.done).toEqual(["identify", "reboot"]);
  });
});
