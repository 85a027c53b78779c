import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { BrokerKind } from "../../../gateway/broker/external/access-rules.ts";
import type { DeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import type { TestDevice } from "../../support/batches.ts";
import { type ExternalBroker, missing } from "../../support/external-brokers.ts";
import { gatewayArgs, register } from "../../support/gateway-process.ts";
import { doorOf, makeSite } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { startNats } from "../../support/nats.ts";
import { freePort, runToEnd, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";
import { StubEngine } from "../../support/stub-engine.ts";

const script = "dist/gateway/main.js";
let site: TestSite;
const bundles = new Map<string, DeviceBundle>();

beforeAll(async () => {
  site = await makeSite();
  for (const name of ["door-a", "door-b"]) bundles.set(name, await site.device(name));
});

interface Place {
  readonly rules: string;
  readonly args: readonly string[];
  readonly server: ExternalBroker;
}

const settingsOf = (args: readonly string[]): readonly string[] => args.slice(args.indexOf("--set"));

async function writeRules(kind: BrokerKind, place: Pick<Place, "args" | "rules">, port: number): Promise<void> {
  const options = ["--out", place.rules, "--port", String(port), "--host", "127.0.0.1", "--json"];
  const bundle = place.args.slice(1, 3);
  const { code, stderr } = await runToEnd({
    script,
    args: ["broker-config", kind, ...options, ...bundle, ...settingsOf(place.args)],
  });
  expect([code, stderr]).toEqual([0, ""]);
}

/** A broker set up by nothing but the command line, for two kiosks. */
async function place(kind: BrokerKind, more: readonly string[] = []): Promise<Place> {
  const [folder, home] = [tempFolder(), tempFolder()];
  const [port, rules] = [await freePort(), join(home, "rules")];
  await register(folder, ["door-a", "door-b"]);
  const { args } = await gatewayArgs(site, folder, [`broker.url=mqtts://127.0.0.1:${port}`, ...more]);
  await writeRules(kind, { args, rules }, port);
  const server =
    kind === "mosquitto"
      ? await startMosquitto({ folder: home, port, rules: readFileSync(join(rules, "bluepost.conf"), "utf8") })
      : await startNats({ folder: home, port, rules: 'include "rules/bluepost-nats.conf"' });
  if (!server) throw new Error(missing(kind));
  onTestFinished(async () => void (await server.process.kill9()));
  return { rules, args, server };
}

function probe(url: string, ...args: readonly string[]): ReturnType<typeof runToEnd> {
  return runToEnd({ script, args: ["probe", url, "--json", ...args] });
}

async function door(port: number, name = "door-a"): ReturnType<typeof connectDoor> {
  const address = { site: site.identity.site, device: parseDeviceId(name), port, bundle: bundles.get(name)! };
  const client = await connectDoor(address);
  onTestFinished(() => void client.end(true));
  await client.publishAsync(`bluepost/v1/school-1/${name}/state`, '{"status":"online","boot":"0a0b0c0d"}', {
    qos: 1,
    retain: true,
  });
  return client;
}

async function send(client: MqttClient, maker: TestDevice): Promise<void> {
  const { bytes } = await maker.batch([{ kind: "anchor" }]);
  await client.publishAsync(`bluepost/v1/school-1/${maker.device}/checkins`, Buffer.from(bytes), { qos: 1 });
}

/** Kills the process that a restart command asks for, and starts it again when it is gone. */
function restarter(server: ExternalBroker): string {
  void server.process.exited.then(() => server.restart());
  return `kill -9 ${server.process.pid}`;
}

for (const kind of ["mosquitto", "nats"] as const) {
  const noBroker = missing(kind);
  describe.skipIf(noBroker !== "")(`broker-config ${kind} ${noBroker}`, () => {
    it("makes a broker that probe finds suitable, and that keeps what it acknowledged", async () => {
      const { server, args } = await place(kind);
      const url = `mqtts://127.0.0.1:${server.port}`;
      const { code, stdout, stderr } = await probe(url, "--restart-command", restarter(server), ...settingsOf(args));
      const report = JSON.parse(stdout);
      const verdicts = Object.fromEntries(
        report.findings.map(({ check, verdict }: { check: string; verdict: string }) => [check, verdict]),
      );
      expect([code, stderr, verdicts]).toEqual([
        0,
        "",
        {
          protocol: "good",
          delivery: "good",
          redelivery: "good",
          session: "good",
          retained: "good",
          will: "good",
          sharing: kind === "mosquitto" ? "good" : "note",
          packet: kind === "mosquitto" ? "good" : "note",
          access: "good",
          persistence: "good",
        },
      ]);
      expect(report.puback).toContain("survived this restart");
    });

    it("lets a gateway process bring batches to the engine and receipts back, and cuts off who is revoked", async () => {
      const engine = await StubEngine.create(site);
      const { url, close } = await engine.serve();
      onTestFinished(close);
      const { server, args, rules } = await place(kind, [`engine.url=${url}`, "log.level=warn"]);
      const gateway = await spawnPart({ script, args });
      const [a, b] = [await door(server.port), await door(server.port, "door-b")];
      const receipts: string[] = [];
      a.on("message", (topic) => receipts.push(topic));
      await a.subscribeAsync("bluepost/v1/school-1/door-a/receipt", { qos: 1 });
      const [makerA, makerB] = [await doorOf(site, "door-a"), await doorOf(site, "door-b")];
      await send(a, makerA);
      await waitFor(() => engine.stored.length === 1 && receipts.length > 0);

      const refusals = (): number =>
        gateway.lines.filter((text) => text.includes("violation.refused_session") && text.includes("door-a")).length;
      const doctor = await runToEnd({ script, args: ["doctor", "--json", ...settingsOf(args)] });
      expect(JSON.parse(doctor.stdout).findings).toContainEqual({
        what: "broker",
        ok: true,
        note: expect.stringMatching(/lets this gateway in; its certificate is valid for (89|90) more days/),
      });

      expect((await runToEnd({ script, args: ["revoke", "door-a", ...settingsOf(args)] })).code).toBe(0);
      await waitFor(async () => {
        await send(a, makerA); // this broker still takes it, the gateway does not
        return refusals() > 0;
      });
      const taken = engine.stored.filter((batch) => batch.startsWith("door-a")).length;

      await writeRules(kind, { args, rules }, server.port);
      process.kill(server.process.pid, "SIGHUP");
      await waitFor(async () => {
        const before = refusals();
        if (a.connected) a.publish("bluepost/v1/school-1/door-a/health", "{}", { qos: 1 });
        const stored = engine.stored.length;
        await send(b, makerB);
        await waitFor(() => engine.stored.length > stored);
        return refusals() === before; // now the broker itself keeps it out
      });
      expect(engine.stored.filter((batch) => batch.startsWith("door-a")).length).toBe(taken);
      if (kind === "nats") await waitFor(() => !a.connected); // mosquitto leaves it connected, and deaf and dumb

      const at = `http://127.0.0.1:${gateway.ready["httpPort"]}`;
      expect((await fetch(`${at}/readyz`)).status).toBe(200);
      expect(await (await fetch(`${at}/status`)).json()).toMatchObject({ broker: { connected: true, shares: false } });
      await server.process.kill9();
      await waitFor(async () => (await fetch(`${at}/readyz`)).status === 503);
    });
  });
}

const noMosquitto = missing("mosquitto");
describe.skipIf(noMosquitto !== "")(`gateway probe at a mosquitto that it kills ${noMosquitto}`, () => {
  it("says that a mosquitto as Debian delivers it forgets what it acknowledged", async () => {
    const folder = tempFolder();
    const port = await freePort();
    const rules = `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\nmax_queued_messages 0`;
    const server = await startMosquitto({ folder, port, rules });
    if (!server) throw new Error("mosquitto went away");
    onTestFinished(async () => void (await server.process.kill9()));
    const at = ["--set", `dataDir=${tempFolder()}`];
    const { code, stdout } = await probe(`mqtt://127.0.0.1:${port}`, "--restart-command", restarter(server), ...at);
    const { suitable, puback, findings } = JSON.parse(stdout);
    expect([code, suitable, puback]).toEqual([1, false, expect.stringContaining("nothing")]);
    expect(findings.find(({ check }: { check: string }) => check === "access").verdict).toBe("note");
  });

  it("ends with 1 when the restart command fails, and names it", async () => {
    const server = await startMosquitto({ folder: tempFolder() });
    if (!server) throw new Error("mosquitto went away");
    onTestFinished(async () => void (await server.process.kill9()));
    const { code, stdout } = await runToEnd({
      script,
      args: [
        "probe",
        `mqtt://127.0.0.1:${server.port}`,
        "--restart-command",
        "exit 3",
        "--set",
        `dataDir=${tempFolder()}`,
      ],
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining("the restart command ended with 3")]);
  });
});

describe("gateway probe", () => {
  it("ends with 69 where nobody listens, and with 64 for what is no MQTT address", async () => {
    const at = ["--set", `dataDir=${tempFolder()}`];
    const nobody = await probe(`mqtt://127.0.0.1:${await freePort()}`, ...at);
    expect([nobody.code, JSON.parse(nobody.stdout)]).toEqual([
      69,
      { url: expect.any(String), suitable: false, unreachable: expect.stringContaining("ECONNREFUSED") },
    ]);
    for (const url of ["http://127.0.0.1", "mqtt://user:secret@127.0.0.1", "nonsense"])
      expect((await probe(url, ...at)).code).toBe(64);
  });
});
