import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Engine, issueSiteBundle } from "../../../engine/app.ts";
import { createGatewayIdentity, EngineAnswerError } from "../../../gateway/app.ts";
import { HttpEngineClient } from "../../../gateway/delivery/http-engine-client.ts";
import { createHpkeKeyPair, hpkePublicKey } from "../../../protocol/checkin/hpke-box.ts";
import { encodeRevocations } from "../../../protocol/checkin/revocations.ts";
import {
  decodeSealedSiteKey,
  encodeSiteKeyRequest,
  openSiteKey,
  type SiteKey,
} from "../../../protocol/checkin/site-key.ts";
import { nextDayKey } from "../../../protocol/checkin/visitor-tag.ts";
import { importSigningKey, importVerifyKey, parseCose1, signCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { parseDeviceId, parseSiteId } from "../../../protocol/ids.ts";
import { DAY_MS, siteDay, type WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { pemToChain, rawKeyPair } from "../../../runtime/pki/chain.ts";
import { makeAuthority, makeDevice, TEST_NOW, type TestDevice } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";

const SITE = parseSiteId("school-1");

interface Question {
  readonly pair: Awaited<ReturnType<typeof createHpkeKeyPair>>;
  readonly bytes: Uint8Array;
}

/** A question as a kiosk signs it; `say` changes what it says of itself. */
async function questionOf(door: TestDevice, say: { site?: string; device?: string } = {}): Promise<Question> {
  const pair = await createHpkeKeyPair();
  const payload = encodeSiteKeyRequest({
    site: parseSiteId(say.site ?? door.site),
    device: parseDeviceId(say.device ?? door.device),
    publicKey: await hpkePublicKey(pair),
  });
  return { pair, bytes: await door.sign(payload) };
}

/** Opens an answer as a kiosk does. */
async function opened(engine: Engine, bytes: Uint8Array, { pair }: Question): Promise<SiteKey> {
  const message = parseCose1(bytes);
  await verifyCose1(message, await importVerifyKey(engine.keys.receipt.publicKey));
  return openSiteKey(decodeSealedSiteKey(message.payload), pair);
}

async function keyFor(engine: Engine, door: TestDevice): Promise<SiteKey> {
  const question = await questionOf(door);
  const answer = await engine.siteKey(question.bytes);
  if (answer.kind !== "answered") throw new Error(answer.reason);
  return opened(engine, answer.bytes, question);
}

/** The site's gateway reports these kiosks as stolen. */
async function revoke(engine: Engine, devices: readonly string[]): Promise<void> {
  const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site: SITE, nowMs: TEST_NOW });
  const { signingKey, gateway, authority } = await createGatewayIdentity(bundle, TEST_NOW);
  const entries = devices.map((device, at) => ({
    ...{ number: at + 1, device: parseDeviceId(device), reason: "stolen" as const, revokedAt: TEST_NOW, marks: [] },
  }));
  const x5chain = pemToChain(gateway.certificatePem + authority.certificatePem);
  const list = await signCose1(encodeRevocations({ site: SITE, issuedAt: TEST_NOW, entries }), {
    key: signingKey,
    x5chain,
  });
  expect(await engine.takeRevocations(list)).toMatchObject({ kind: "taken" });
}

/** What somebody finds who takes the engine's database. */
const onDisk = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder)
      .filter((name) => name.startsWith("engine.db"))
      .map((name) => readFileSync(join(folder, name))),
  );

describe("the key that the doors of a site share", () => {
  it("is the same for all of them, another one at the next site, and never open on the engine's disk", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const [a, b] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b" })];
    const away = await makeDevice(authority, { site: "clinic-1", device: "door-a" });
    const [keyA, keyB, other] = [await keyFor(engine, a), await keyFor(engine, b), await keyFor(engine, away)];
    expect(keyA).toMatchObject({ generation: 1, siteDay: siteDay(TEST_NOW) });
    expect(keyB).toEqual(keyA);
    expect(other.key).not.toEqual(keyA.key);
    expect(onDisk(folder).includes(Buffer.from(keyA.key))).toBe(false);
  });

  it("goes on day by day as at the doors, also over a restart, and takes no step back with a clock that was put back", async () => {
    const { engine, authority, folder, clock } = await openTestEngine();
    const door = await makeDevice(authority);
    const first = await keyFor(engine, door);
    clock.nowMs += 2 * DAY_MS;
    const third = await keyFor(engine, door);
    expect(third.key).toEqual(nextDayKey(nodeCrypto, nextDayKey(nodeCrypto, first.key)));
    clock.nowMs -= DAY_MS;
    expect(await keyFor(engine, door)).toEqual(third);
    await engine.close();
    const again = await openTestEngine({ folder, nowMs: TEST_NOW + 2 * DAY_MS });
    expect(await keyFor(again.engine, door)).toEqual(third);
  });

  it("is another one after a kiosk of the site was revoked, which gets none", async () => {
    const { engine, authority } = await openTestEngine();
    const [a, b] = [await makeDevice(authority), await makeDevice(authority, { device: "door-b" })];
    const before = await keyFor(engine, a);
    await revoke(engine, ["door-b"]);
    const after = await keyFor(engine, a);
    expect(after).toMatchObject({ generation: 2, siteDay: before.siteDay });
    expect(after.key).not.toEqual(before.key);
    expect(await keyFor(engine, a)).toEqual(after);
    expect(await engine.siteKey((await questionOf(b)).bytes)).toEqual({ kind: "refused", reason: "revoked" });
  });

  it("is given to nobody who is not the kiosk that the question names", async () => {
    const { engine, authority } = await openTestEngine();
    const door = await makeDevice(authority);
    const refusal = async (bytes: Uint8Array): Promise<unknown> => {
      const answer = await engine.siteKey(bytes);
      return answer.kind === "refused" && answer.reason;
    };
    const { bytes } = await questionOf(door);
    const foreign = await makeDevice(await makeAuthority());
    const forged = bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1);
    const weak = await door.sign(
      encodeSiteKeyRequest({ site: door.site, device: door.device, publicKey: new Uint8Array(32) }),
    );
    expect(await refusal(new Uint8Array([1, 2, 3]))).toBe("malformed");
    expect(await refusal(await door.sign(new Uint8Array([1])))).toBe("malformed");
    expect(await refusal(weak)).toBe("malformed");
    expect(await refusal((await questionOf(foreign)).bytes)).toBe("foreign_certificate");
    expect(await refusal(forged)).toBe("bad_signature");
    expect(await refusal((await questionOf(door, { device: "door-b" })).bytes)).toBe("wrong_device");
    expect(await refusal((await questionOf(door, { site: "clinic-1" })).bytes)).toBe("wrong_device");
  });

  it("is not given to the gateway's own certificate", async () => {
    const { engine } = await openTestEngine();
    const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site: SITE, nowMs: TEST_NOW });
    const { gateway, authority } = await createGatewayIdentity(bundle, TEST_NOW);
    const key = await importSigningKey(rawKeyPair(gateway.privateKeyPem));
    const publicKey = await hpkePublicKey(await createHpkeKeyPair());
    const payload = encodeSiteKeyRequest({ site: SITE, device: parseDeviceId("gateway"), publicKey });
    const x5chain = pemToChain(gateway.certificatePem + authority.certificatePem);
    expect(await engine.siteKey(await signCose1(payload, { key, x5chain }))).toMatchObject({ kind: "refused" });
  });

  it("travels over HTTP, with a problem document for who may not have it", async () => {
    const { engine, authority } = await openTestEngine({ nowMs: Date.now() as WallMs });
    const client = new HttpEngineClient({ url: (await engine.listen()).url, timeoutMs: 5_000 });
    const door = await makeDevice(authority);
    const question = await questionOf(door);
    const { signal } = new AbortController();
    expect(await opened(engine, await client.askSiteKey(question.bytes, signal), question)).toEqual(
      await keyFor(engine, door),
    );
    await expect(client.askSiteKey(new Uint8Array([1]), signal)).rejects.toThrow(EngineAnswerError);
    await expect(client.askSiteKey(new Uint8Array(9_000), signal)).rejects.toThrow(EngineAnswerError);
    expect(await opened(engine, await client.askSiteKey(question.bytes, signal), question)).toMatchObject({
      generation: 1,
    });
  });
});
