import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { DeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import { openReceipt, type ReceiptKeys } from "../../../kiosk/uplink/receipts.ts";
import { decodeRevocations, type RevocationList } from "../../../protocol/checkin/revocations.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import { certificatePublicKey } from "../../../runtime/pki/chain.ts";
import type { TestDevice } from "../../support/batches.ts";
import { externalWorker, missing, startExternal } from "../../support/external-brokers.ts";
import { gatewayArgs, register } from "../../support/gateway-process.ts";
import { doorOf, makeSite, openGatewayAt } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { freePort, type Part, runToEnd, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";
import { StubEngine } from "../../support/stub-engine.ts";

const script = "dist/gateway/main.js";
const DOORS = ["door-a", "door-b", "door-c"] as const;
let site: TestSite;
const bundles = new Map<string, DeviceBundle>();

beforeAll(async () => {
  site = await makeSite();
  for (const name of DOORS) bundles.set(name, await site.device(name));
});

/** Two workers of a group at a mosquitto, set up as broker.md says, before a stub engine. */
interface Place {
  readonly engine: StubEngine;
  readonly port: number;
  readonly settings: readonly string[];
  readonly workers: readonly [Part, Part];
  /** What kiosks of this site have pinned. */
  readonly keys: ReceiptKeys;
}

async function openPlace(): Promise<Place> {
  const engine = await StubEngine.create(site);
  const { url, close } = await engine.serve();
  onTestFinished(close);
  const [folder, home, port] = [tempFolder(), tempFolder(), await freePort()];
  await register(folder, DOORS);
  const broker = [`broker.url=mqtts://127.0.0.1:${port}`, "broker.group=site"];
  const { args } = await gatewayArgs(site, folder, [...broker, `engine.url=${url}`, "engine.backoffMaxMs=500"]);
  const settings = args.slice(args.indexOf("--set"));
  const rules = join(home, "rules");
  const options = ["--out", rules, "--port", String(port), "--host", "127.0.0.1", "--workers", "2"];
  const made = await runToEnd({
    script,
    args: ["broker-config", "mosquitto", ...options, ...args.slice(1, 3), ...settings],
  });
  expect([made.code, made.stderr]).toEqual([0, ""]);
  const acl = readFileSync(join(rules, "bluepost.conf"), "utf8");
  const server = await startMosquitto({ folder: home, port, rules: acl });
  if (!server) throw new Error(missing("mosquitto"));
  onTestFinished(async () => void (await server.process.kill9()));
  const first = await spawnPart({ script, args });
  const second = await spawnPart({ script, args: ["start", ...settings, "--set", "broker.worker=2"] });
  const gateway = readFileSync(join(folder, "gateway.crt.pem"), "utf8");
  const keys = {
    engine: await importVerifyKey(site.receiptPair.publicKey),
    gateway: await importVerifyKey(certificatePublicKey(gateway)),
  };
  return { engine, port, settings, workers: [first, second], keys };
}

interface Door {
  readonly client: MqttClient;
  readonly maker: TestDevice;
  readonly receipts: Uint8Array[];
  readonly times: Uint8Array[];
  /** Messages of one row each. */
  send(n: number): Promise<void>;
}

async function openDoor(port: number, name: string): Promise<Door> {
  const bundle = bundles.get(name)!;
  const client = await connectDoor({ site: site.identity.site, device: parseDeviceId(name), port, bundle });
  onTestFinished(() => void client.end(true));
  const [receipts, times, maker]: [Uint8Array[], Uint8Array[], TestDevice] = [[], [], await doorOf(site, name)];
  client.on("message", (topic, payload) => void (topic.endsWith("/time") ? times : receipts).push(payload));
  const topic = (leaf: string): string => `bluepost/v1/school-1/${name}/${leaf}`;
  await client.subscribeAsync([topic("receipt"), topic("time")], { qos: 1 });
  const online = '{"status":"online","boot":"0a0b0c0d"}';
  await client.publishAsync(topic("state"), online, { qos: 1, retain: true });
  const send = async (n: number): Promise<void> => {
    for (let sent = 0; sent < n; sent += 1) {
      const { bytes } = await maker.batch([{ kind: "anchor" }]);
      await client.publishAsync(topic("checkins"), Buffer.from(bytes), { qos: 1 });
    }
  };
  return { client, maker, receipts, times, send };
}

async function statusOf(worker: Part): Promise<{
  readonly spool: { readonly batches: number; readonly undelivered: number };
  readonly counters: Readonly<Record<string, number>>;
}> {
  return (await fetch(`http://127.0.0.1:${worker.ready["httpPort"]}/status`)).json() as never;
}

const noMosquitto = missing("mosquitto");
describe.skipIf(noMosquitto !== "")(`two workers of one site ${noMosquitto}`, () => {
  it("bring every row to the engine once, and say nothing that the kiosks do not believe", async () => {
    const { engine, port, workers, keys } = await openPlace();
    engine.down = true;
    const doors = await Promise.all(DOORS.map((name) => openDoor(port, name)));
    await Promise.all(doors.map(({ send }) => send(21)));
    const waiting = async (): Promise<readonly number[]> =>
      Promise.all(workers.map(async (worker) => (await statusOf(worker)).spool.undelivered));
    await waitFor(async () => (await waiting()).reduce((sum, n) => sum + n, 0) === 63, { what: "every batch" });
    expect((await waiting()).every((n) => n > 0)).toBe(true);
    engine.down = false;
    await waitFor(() => engine.stored.length === 63, { timeoutMs: 20_000, what: "every row at the engine" });
    for (const name of DOORS) expect(engine.seqsOf(name).size).toBe(21);

    for (const { client, maker } of doors)
      for (let n = 0; n < 4; n += 1)
        await client.publishAsync(
          `bluepost/v1/school-1/${maker.device}/time-request`,
          `{"nonce":"${"0a".repeat(16)}"}`,
        );
    await waitFor(() => doors.every(({ receipts, times }) => receipts.length > 0 && times.length === 4));
    const kinds = new Set<string>();
    for (const { receipts, times } of doors) {
      for (const bytes of receipts) kinds.add((await openReceipt(bytes, keys)).kind);
      for (const bytes of times) await verifyCose1(parseCose1(bytes), keys.gateway);
    }
    expect(kinds).toContain("store");
    for (const worker of workers)
      expect(
        Object.keys((await statusOf(worker)).counters).filter((name) => /refused|fork|quarant/.test(name)),
      ).toEqual([]);
  });

  it("both cut off who is revoked at one, and tell the engine how far both had taken him, once", async () => {
    const { engine, port, settings, workers } = await openPlace();
    const [thief, other] = [await openDoor(port, "door-a"), await openDoor(port, "door-b")];
    await thief.send(5);
    await waitFor(() => engine.stored.length === 5);
    expect((await runToEnd({ script, args: ["revoke", "door-a", ...settings] })).code).toBe(0);
    const entries = (): RevocationList["entries"] =>
      engine.revocations.flatMap((bytes) => decodeRevocations(parseCose1(bytes).payload).entries);
    await waitFor(() => entries().length > 0, { timeoutMs: 20_000, what: "the revocation list" });
    expect(entries()).toMatchObject([{ device: "door-a", marks: [{ stream: "c", upto: 5 }] }]);
    await thief.send(6);
    const refusals = async (): Promise<readonly (number | undefined)[]> =>
      Promise.all(workers.map(async (worker) => (await statusOf(worker)).counters["refused.revoked"]));
    await waitFor(async () => (await refusals()).every((n) => (n ?? 0) > 0), { what: "a refusal of both" });
    await other.send(6);
    await waitFor(() => engine.stored.length === 11);
    expect(engine.seqsOf("door-a").size).toBe(5);
    expect(entries().length).toBe(1);
  });
});

describe.skipIf(noMosquitto !== "")(`a worker whose registry lacks a kiosk ${noMosquitto}`, () => {
  it("raises an alarm that names a certified kiosk whose batch it cannot keep, and goes on with the others", async () => {
    const folder = tempFolder();
    await register(folder, ["door-a"]);
    const server = await startExternal("mosquitto", site, tempFolder());
    onTestFinished(async () => void (await server.process.kill9()));
    const engine = await StubEngine.create(site);
    const gateway = await openGatewayAt(folder, { site, broker: externalWorker(site, server.port), engine });
    const [known, stray] = [await openDoor(server.port, "door-a"), await openDoor(server.port, "door-b")];
    await stray.send(3);
    await known.send(3);
    await waitFor(() => engine.stored.length === 3);
    const told = gateway.recentEvents
      .filter(({ isAlarm }) => isAlarm)
      .map(({ event, device, n }) => [event, device, n]);
    expect(told).toEqual([["violation.batch_of_unknown", "door-b", 3]]);
  });
});

describe("a further worker", () => {
  it("does not start in a folder of its own, and no process starts twice under one name", async () => {
    const [folder, own] = [tempFolder(), tempFolder()];
    const far = [`broker.url=mqtts://127.0.0.1:${await freePort()}`, "broker.group=site"];
    const { args } = await gatewayArgs(site, own, far);
    const rules = ["broker-config", "mosquitto", "--out", tempFolder(), ...args.slice(1)]; // leaves an identity there
    expect((await runToEnd({ script, args: rules })).code).toBe(0);
    const lost = await runToEnd({ script, args: [...args, "--set", "broker.worker=2"] });
    expect([lost.code, lost.stderr]).toEqual([69, expect.stringContaining("GW_WORKER_FOLDER: worker 1 has never run")]);

    const shared = await gatewayArgs(site, folder, far);
    const first = await spawnPart({ script, args: shared.args });
    const again = await gatewayArgs(site, folder, far);
    const twice = await runToEnd({ script, args: again.args });
    expect([twice.code, twice.stderr]).toEqual([69, expect.stringContaining("GW_SPOOL_IN_USE")]);
    await first.kill9();
    await first.restart();
  });
});
