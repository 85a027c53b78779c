import { request } from "node:https";
import { describe, expect, it } from "vitest";
import { issueSiteBundle } from "../../../engine/app.ts";
import type { EngineTlsIdentity } from "../../../gateway/delivery/engine-https.ts";
import { HttpEngineClient } from "../../../gateway/delivery/http-engine-client.ts";
import { chainPem, createDeviceBundle } from "../../../gateway/registry/device-bundle.ts";
import { createGatewayIdentity, type GatewayIdentity } from "../../../gateway/registry/identity.ts";
import { parseDeviceId, parseSiteId, parseVenueId } from "../../../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { ENGINE_NAME } from "../../../runtime/pki/authority.ts";
import { makeDevice } from "../../support/batches.ts";
import { openTestEngine, type TestEngine } from "../../support/engines.ts";

const NOW = Date.now() as WallMs;

async function gatewayOf({ engine }: TestEngine, nowMs: WallMs = NOW): Promise<GatewayIdentity> {
  const site = parseSiteId("school-1");
  const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site, nowMs: NOW });
  return createGatewayIdentity(bundle, nowMs);
}

const shownBy = ({ gateway, authority, trust }: GatewayIdentity): EngineTlsIdentity => ({
  key: gateway.privateKeyPem,
  cert: chainPem(gateway.certificatePem, authority.certificatePem),
  ca: trust.root,
});

async function openTls(): Promise<TestEngine & { readonly url: string }> {
  const test = await openTestEngine({ nowMs: NOW, flags: ["listen.tls=true"] });
  return { ...test, url: (await test.engine.listen()).url };
}

const post = (url: string, identity: EngineTlsIdentity): Promise<unknown> =>
  new HttpEngineClient({ url, timeoutMs: 5_000, identity: () => identity }).postBatches([], AbortSignal.timeout(5_000));

describe("an engine that serves over TLS", () => {
  it("takes batches and lists from a gateway of its authority", async () => {
    const test = await openTls();
    expect(test.url).toMatch(/^https:/);
    const door = await makeDevice(test.authority, { nowMs: NOW });
    const { bytes } = await door.batch([{ kind: "anchor" }]);
    const identity = shownBy(await gatewayOf(test));
    const client = new HttpEngineClient({ url: test.url, timeoutMs: 5_000, identity: () => identity });
    const [answer] = await client.postBatches([bytes], AbortSignal.timeout(5_000));
    expect(answer?.verdict).toBe("stored");
    const refused = client.postRevocations(Uint8Array.of(1), AbortSignal.timeout(5_000));
    await expect(refused).rejects.toMatchObject({ code: "GW_ENGINE_ANSWER", details: { status: 403 } });
  });

  it("takes none from a kiosk, from another authority, from one whose time is over, or without a certificate", async () => {
    const [test, other] = [await openTls(), await openTls()];
    const identity = await gatewayOf(test);
    const root = identity.trust.root;
    const place = { venue: parseVenueId("7k3m9q2x"), venueName: "School", gate: 1, gatewayHost: "x", gatewayPort: 1 };
    const kiosk = await createDeviceBundle(identity, { device: parseDeviceId("door-1"), ...place }, NOW);
    const shown: EngineTlsIdentity[] = [
      { key: kiosk.privateKeyPem, cert: kiosk.certificatePem, ca: root },
      { ...shownBy(await gatewayOf(other)), ca: root },
      shownBy(await gatewayOf(test, (NOW - 100 * DAY_MS) as WallMs)),
    ];
    for (const one of shown) {
      await expect(post(test.url, one)).rejects.toMatchObject({ code: "GW_ENGINE_ANSWER", details: { status: 403 } });
    }
    const status = await new Promise((resolve, reject) => {
      const plain = { ca: root, servername: ENGINE_NAME, checkServerIdentity: () => undefined };
      request(`${test.url}/healthz`, plain, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200); // what is for everybody stays for everybody
  });

  it("is not believed by a gateway of another authority", async () => {
    const [test, other] = [await openTls(), await openTls()];
    const misled = shownBy(await gatewayOf(other));
    await expect(post(test.url, misled)).rejects.toMatchObject({ code: "GW_ENGINE_UNREACHABLE" });
  });

  it("makes its certificate anew 30 days before its end, without a restart", async () => {
    const test = await openTls();
    const identity = shownBy(await gatewayOf(test));
    test.clock.nowMs = NOW + 61 * DAY_MS;
    await test.engine.renewTls();
    await expect(post(test.url, identity)).rejects.toMatchObject({ code: "GW_ENGINE_UNREACHABLE" }); // not yet valid today
  });
});
