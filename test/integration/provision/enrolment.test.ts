import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readBundle } from "../../../kiosk/provision/bundle.ts";
import { Provisioner } from "../../../kiosk/provision/provisioner.ts";
import { encodeSetupCode, parseSetupCode } from "../../../protocol/qr/setup-code.ts";
import type { WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { verifyDeviceChain } from "../../../runtime/pki/chain.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { startLiveGateway } from "../../support/live-gateway.ts";
import { tempFolder } from "../../support/temp.ts";

let site: TestSite;
beforeAll(async () => {
  site = await makeSite();
});

/** A machine without papers. */
const machine = (change: { systemWall?: () => number; set?: number[]; folder?: string } = {}): Promise<Provisioner> =>
  Provisioner.open({
    crypto: nodeCrypto,
    folder: change.folder ?? join(tempFolder(), "bundle"),
    systemWall: () => (change.systemWall ?? Date.now)() as WallMs,
    setClock: async (wallMs) => {
      change.set?.push(wallMs);
      return change.set !== undefined;
    },
  });

const altered = (code: string, change: object): string =>
  encodeSetupCode(nodeCrypto, { ...parseSetupCode(nodeCrypto, code), ...change });

describe("enrolment with a setup code", () => {
  it("makes a bundle that the kiosk reads, for its eyes only", async () => {
    const gateway = await startLiveGateway(site);
    const folder = join(tempFolder(), "bundle");
    const kiosk = await machine({ folder });
    const name = kiosk.device;
    const outcome = await kiosk.take((await gateway.claim()).code);
    expect(outcome).toEqual({ kind: "provisioned", device: name, site: "school-1", venueName: "Trường học" });
    const bundle = await readBundle(folder);
    expect(bundle).toMatchObject({ site: "school-1", device: name, venue: "7k3m9q2x", gate: 2 });
    expect(bundle.gateway).toEqual({ host: "127.0.0.1", port: gateway.mqttPort, httpPort: gateway.httpPort });
    expect(verifyDeviceChain(bundle.signer.chain, site.root.certificatePem)).toMatchObject({ device: name });
    const modes = readdirSync(folder).map((file) => statSync(join(folder, file)).mode & 0o777);
    expect([modes, statSync(folder).mode & 0o777]).toEqual([[0o600, 0o600, 0o600, 0o600], 0o700]);
    expect(existsSync(`${folder}.key.pem`)).toBe(false);
    expect(await gateway.registry.find(bundle.device)).toMatchObject({ gate: 2, revokedAt: null });
  });

  it("gives a code to one kiosk only, and the next code to the next", async () => {
    const gateway = await startLiveGateway(site);
    const { code } = await gateway.claim("door-1");
    expect(await (await machine()).take(code)).toMatchObject({ kind: "provisioned", device: "door-1" });
    const second = await machine();
    expect(await second.take(code)).toEqual({ kind: "refused", reason: "claim_used" });
    const next = await gateway.claim("door-2");
    expect(await second.take(next.code)).toMatchObject({ kind: "provisioned", device: "door-2" });
  });

  it("gives the same kiosk the same answer again, when power failed before the first arrived", async () => {
    const gateway = await startLiveGateway(site);
    const { code } = await gateway.claim();
    const folder = join(tempFolder(), "bundle");
    const kiosk = await machine({ folder });
    await kiosk.take(code);
    rmSync(folder, { recursive: true });
    expect(await kiosk.take(code)).toMatchObject({ kind: "provisioned", device: kiosk.device });
    expect((await gateway.registry.list()).length).toBe(1);
  });

  it.each<readonly [string, string, (code: string) => string]>([
    ["forged", "claim_unknown", (code) => altered(code, { token: "A".repeat(22) })],
    ["altered", "claim_altered", (code) => altered(code, { venue: "00000000" })],
    [
      "of an authority that the gateway is not of",
      "wrong_authority",
      (code) => altered(code, { caSha256: "00".repeat(32) }),
    ],
    ["of another site", "wrong_authority", (code) => altered(code, { site: "school-2" })],
    ["garbled", "garbled", (code) => code.replace(/.$/, (last) => (last === "A" ? "B" : "A"))],
    ["no setup code at all", "not_setup", () => "BP1:ABC"],
    ["for a gateway that is not there", "unreachable", (code) => altered(code, { url: "http://127.0.0.1:9" })],
  ])("refuses a code that is %s, and then works with a good one", async (_, reason, spoil) => {
    const gateway = await startLiveGateway(site);
    const { code } = await gateway.claim();
    const kiosk = await machine();
    expect(await kiosk.take(spoil(code))).toEqual({ kind: "refused", reason });
    expect(await kiosk.take(code)).toMatchObject({ kind: "provisioned" });
  });

  it("refuses a code after ten minutes", async () => {
    const gateway = await startLiveGateway(site);
    const { code } = await gateway.claim(null, Date.now() - 600_000);
    expect(await (await machine()).take(code)).toEqual({ kind: "refused", reason: "claim_expired" });
  });

  it("refuses the code of another site's gateway, though the authority is the same", async () => {
    const [here, other] = [await startLiveGateway(site), await startLiveGateway(await makeSite("school-2"))];
    const { code } = await other.claim();
    const misled = altered(code, { url: `http://127.0.0.1:${here.httpPort}` });
    expect(await (await machine()).take(misled)).toEqual({ kind: "refused", reason: "wrong_authority" });
  });

  it("sets a clock of 1970 by signed time before TLS, and refuses when it cannot", async () => {
    const gateway = await startLiveGateway(site);
    const { code } = await gateway.claim();
    const stuck = await machine({ systemWall: () => 0 });
    expect(await stuck.take(code)).toEqual({ kind: "refused", reason: "clock" });
    const set: number[] = [];
    const kiosk = await machine({ systemWall: () => 0, set });
    expect(await kiosk.take(code)).toMatchObject({ kind: "provisioned" });
    expect(Math.abs((set[0] ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});
