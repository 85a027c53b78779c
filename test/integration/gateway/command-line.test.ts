import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readBundle } from "../../../kiosk/provision/bundle.ts";
import { decodeSignedTime } from "../../../protocol/checkin/signed-time.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { certificatePublicKey, verifyDeviceChain } from "../../../runtime/pki/chain.ts";
import { makeSite } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { freePort, runToEnd, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";

const script = "dist/gateway/main.js";
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

function siteBundle(): string {
  const folder = tempFolder();
  const { authority, trust } = site.identity;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "authority.crt.pem"), authority.certificatePem);
  writeFileSync(join(folder, "authority.key.pem"), authority.privateKeyPem);
  writeFileSync(join(folder, "trust.json"), JSON.stringify({ ...trust, gateway: "" }));
  return folder;
}

const door = (out: string): string[] => [
  ..."devices add --device door-a --venue 7k3m9q2x --gate 2 --gateway-host gw.local --json".split(" "),
  "--name",
  "Trường học",
  "--out",
  out,
];

const run = (args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof runToEnd> =>
  runToEnd({ script, args, env });

describe("gateway devices", () => {
  it("adds a kiosk whose bundle the kiosk reads, lists it and revokes it", async () => {
    const [dataDir, out] = [tempFolder(), join(tempFolder(), "bundle")];
    const at = ["--set", `dataDir=${dataDir}`];
    const added = await run([...door(out), "--site-bundle", siteBundle(), ...at]);
    expect([added.code, JSON.parse(added.stdout).device]).toEqual([0, "door-a"]);
    const bundle = await readBundle(out);
    expect(bundle).toMatchObject({ site: "school-1", device: "door-a", gate: 2, venueName: "Trường học" });
    expect(bundle.gateway).toEqual({ host: "gw.local", port: 8883, httpPort: 8081 });
    expect(verifyDeviceChain(bundle.signer.chain, bundle.trust.root)).toMatchObject({
      site: "school-1",
      device: "door-a",
    });
    expect(bundle.trust.gateway).toContain("BEGIN CERTIFICATE");
    expect(statSync(join(out, "device.key.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "authority.key.pem")).mode & 0o777).toBe(0o600);
    const again = await run([...door(out), ...at]);
    expect([again.code, again.stderr]).toEqual([69, expect.stringContaining("GW_DEVICE_EXISTS")]);
    expect((await run(["revoke", "door-a", ...at])).code).toBe(0);
    const list = JSON.parse((await run(["devices", "list", "--json", ...at])).stdout);
    expect(list.devices).toMatchObject([{ device: "door-a", gate: 2, revokedAt: expect.any(Number) }]);
    expect((await run(["revoke", "door-z", ...at])).code).toBe(69);
  });

  it.each([
    ["a device id that is none", ["--device", "Door A"]],
    ["a venue id that is none", ["--venue", "short"]],
    ["a door number out of range", ["--gate", "256"]],
  ])("refuses %s as wrong usage", async (_title, wrong) => {
    const { code, stderr } = await run([...door("unused"), ...wrong, "--set", `dataDir=${tempFolder()}`]);
    expect([code, stderr]).toEqual([64, expect.stringContaining(wrong[0] as string)]);
  });

  it("says what to do when there is no site bundle", async () => {
    const { code, stderr } = await run([...door("unused"), "--set", `dataDir=${tempFolder()}`]);
    expect(code).toBe(69);
    expect(stderr).toContain("engine keys site");
    expect(existsSync("unused")).toBe(false);
  });
});

describe("gateway config", () => {
  it("prints the effective settings", async () => {
    const { stdout } = await run(["config", "--json"], { BLUEPOST_GATEWAY_MQTT__PORT: "9999" });
    expect(JSON.parse(stdout)).toMatchObject({ mqtt: { port: 9999 }, spool: { synchronous: "FULL" } });
  });

  it("lists every problem and ends with 78 before anything is opened", async () => {
    const dataDir = join(tempFolder(), "never");
    const wrong = [
      `dataDir=${dataDir}`,
      "mqtt.port=70000",
      "spool.synchronous=MAYBE",
      "engine.url=ftp://x",
      "nosuch.key=1",
    ];
    const { code, stderr } = await run(["start", ...wrong.flatMap((one) => ["--set", one])]);
    expect(code).toBe(78);
    for (const key of ["mqtt.port", "spool.synchronous", "engine.url", "nosuch.key"]) expect(stderr).toContain(key);
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe("gateway start", () => {
  it("serves MQTT over TLS, time and status; status and doctor see it; SIGTERM ends it with 0", async () => {
    const [dataDir, out, httpPort] = [tempFolder(), join(tempFolder(), "bundle"), await freePort()];
    const settings = [
      `dataDir=${dataDir}`,
      "mqtt.host=127.0.0.1",
      "mqtt.port=0",
      `http.port=${httpPort}`,
      "log.level=warn",
      "time.trusted=true",
    ];
    const at = settings.flatMap((one) => ["--set", one]);
    await run([...door(out), "--site-bundle", siteBundle(), ...at, "--gateway-port", "8883"]);
    const gateway = await spawnPart({ script, args: ["start", ...at] });
    const bundle = await readBundle(out);
    const client = await connectDoor({
      site: bundle.site,
      device: bundle.device,
      port: Number(gateway.ready["mqttPort"]),
      bundle: {
        privateKeyPem: bundle.tls.key,
        certificatePem: bundle.tls.cert,
        trust: bundle.trust,
        settings: { ...bundle, gatewayHost: "127.0.0.1", gatewayPort: 1 },
      },
    });
    const status = JSON.parse((await run(["status", "--json", ...at])).stdout);
    expect(status).toMatchObject({ running: true, site: "school-1", devices: [{ device: "door-a", connected: true }] });
    const time = await fetch(`http://127.0.0.1:${httpPort}/time?nonce=${"ab".repeat(16)}`);
    const message = parseCose1(new Uint8Array(await time.arrayBuffer()));
    await verifyCose1(message, await importVerifyKey(certificatePublicKey(bundle.trust.gateway)));
    expect(Math.abs(decodeSignedTime(message.payload).timeMs - Date.now())).toBeLessThan(5_000);
    const wrong = await fetch(`http://127.0.0.1:${httpPort}/time?nonce=zz`);
    expect([wrong.status, wrong.headers.get("content-type"), (await wrong.json()).code]).toEqual([
      400,
      expect.stringContaining("application/problem+json"),
      "bad_nonce",
    ]);
    expect((await fetch(`http://127.0.0.1:${httpPort}/nothing`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${httpPort}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    expect(metrics).toContain("bluepost_gateway_devices_connected 1");
    expect(metrics).not.toMatch(/^bluepost_gateway_broker_connected/m);
    const doctor = JSON.parse((await run(["doctor", "--json", ...at])).stdout);
    const findings = Object.fromEntries(
      doctor.findings.map((one: { what: string; ok: boolean }) => [one.what, one.ok]),
    );
    expect(findings).toMatchObject({
      certificate: true,
      "site certificate": true,
      clock: true,
      spool: true,
      service: true,
    });
    const unkept = await run([
      "doctor",
      ...at,
      "--set",
      "time.trusted=false",
      "--set",
      `time.syncFile=${dataDir}/none`,
    ]);
    expect(unkept.stdout).toMatch(/^BAD {2}clock: nothing keeps it.* within 86400\.0 s .*set-ntp true/m);
    client.end(true);
    expect(await gateway.stop()).toMatchObject({ code: 0 });
    const after = await run(["status", ...at]);
    expect([after.code, after.stdout]).toEqual([69, expect.stringContaining("gateway start")]);
  });

  it("says which port is taken", async () => {
    const dataDir = tempFolder();
    const settings = [`dataDir=${dataDir}`, "mqtt.host=127.0.0.1", "http.port=0", "log.level=error"];
    const at = settings.flatMap((one) => ["--set", one]);
    const first = await spawnPart({
      script,
      args: ["start", "--site-bundle", siteBundle(), ...at, "--set", "mqtt.port=0"],
    });
    const port = String(first.ready["mqttPort"]);
    const other = ["--set", `dataDir=${tempFolder()}`, "--set", `mqtt.port=${port}`];
    const second = await run(["start", "--site-bundle", siteBundle(), ...at, ...other]);
    expect([second.code, second.stderr]).toEqual([69, expect.stringContaining(port)]);
  });

  it("keeps its keys over restarts", async () => {
    const dataDir = tempFolder();
    const at = [`dataDir=${dataDir}`, "mqtt.host=127.0.0.1", "mqtt.port=0", "http.port=0"].flatMap((one) => [
      "--set",
      one,
    ]);
    const gateway = await spawnPart({ script, args: ["start", "--site-bundle", siteBundle(), ...at] });
    const key = readFileSync(join(dataDir, "gateway.key.pem"), "utf8");
    await gateway.restart({ args: ["start", ...at] });
    await waitFor(() => existsSync(join(dataDir, "gateway.key.pem")));
    expect(readFileSync(join(dataDir, "gateway.key.pem"), "utf8")).toBe(key);
  });
});
