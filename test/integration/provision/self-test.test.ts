import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Finding, selfTest } from "../../../kiosk/cli/self-test.ts";
import { type KioskConfig, loadKioskConfig } from "../../../kiosk/config.ts";
import { type DeviceBundle, readBundle } from "../../../kiosk/provision/bundle.ts";
import { Provisioner } from "../../../kiosk/provision/provisioner.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { makeSite } from "../../support/gateway-site.ts";
import { startLiveGateway } from "../../support/live-gateway.ts";
import { freePort } from "../../support/ports.ts";
import { tempFolder } from "../../support/temp.ts";

async function provisioned(): Promise<{ config: KioskConfig; bundle: DeviceBundle; home: string }> {
  const home = tempFolder();
  const gateway = await startLiveGateway(await makeSite());
  const folder = join(home, "bundle");
  const systemWall = (): WallMs => Date.now() as WallMs;
  const kiosk = await Provisioner.open({ crypto: nodeCrypto, folder, systemWall, setClock: async () => false });
  await kiosk.take((await gateway.claim()).code);
  const config = loadKioskConfig({ env: {}, flags: [`dataDir=${home}`] });
  return { config, bundle: await readBundle(folder), home };
}

const red = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ ok }) => !ok).map(({ check }) => check);

describe("the kiosk's self-test", () => {
  it("is green at a gateway that answers, and leaves nothing behind", async () => {
    const { config, bundle, home } = await provisioned();
    const before = readdirSync(home);
    const findings = await selfTest(config, bundle);
    expect(findings.map(({ check }) => check)).toEqual(["disk", "certificate", "time", "gateway"]);
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(readdirSync(home)).toEqual(before);
  });

  it("has a fix for each red line", async () => {
    const { config, bundle } = await provisioned();
    const nobody = await freePort();
    const alone = { ...bundle, gateway: { ...bundle.gateway, port: nobody, httpPort: nobody } };
    const nowhere = { ...config, dataDir: join(tempFolder(), "none") };
    const findings = await selfTest(nowhere, alone);
    expect(red(findings)).toEqual(["disk", "time", "gateway"]);
    expect(findings.filter(({ ok }) => !ok).every(({ fix }) => (fix ?? "").length > 10)).toBe(true);
  });

  it("says of a kiosk without papers what can be said", async () => {
    const home = join(tempFolder(), "home");
    mkdirSync(home);
    const config = loadKioskConfig({ env: {}, flags: [`dataDir=${home}`] });
    expect((await selfTest(config, null)).map(({ check }) => check)).toEqual(["disk"]);
  });

  it("takes a gateway of another authority for none", async () => {
    const [{ config, bundle }, other] = [await provisioned(), await provisioned()];
    const misled = { ...bundle, gateway: other.bundle.gateway };
    expect(red(await selfTest(config, misled))).toEqual(["time", "gateway"]);
  });
});
