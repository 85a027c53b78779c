import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createHpkeKeyPair, type HpkeKeyPair, hpkePublicKey } from "../../../../protocol/checkin/hpke-box.ts";
import {
  decodeSealedSiteKey,
  decodeSiteKeyRequest,
  encodeSealedSiteKey,
  encodeSiteKeyRequest,
  openSiteKey,
  type SiteKeyRequest,
  sealSiteKey,
} from "../../../../protocol/checkin/site-key.ts";
import { BadSealError, BluepostError } from "../../../../protocol/errors.ts";
import { parseDeviceId, parseSiteId } from "../../../../protocol/ids.ts";

const siteKey = { generation: 3, siteDay: 20_000, key: new Uint8Array(32).fill(9) };
let pair: HpkeKeyPair;
let request: SiteKeyRequest;

beforeAll(async () => {
  pair = await createHpkeKeyPair();
  request = {
    site: parseSiteId("school-1"),
    device: parseDeviceId("door-a"),
    publicKey: await hpkePublicKey(pair),
  };
});

describe("a site's key", () => {
  it("reaches whoever asked, and the messages read as they were written", async () => {
    expect(decodeSiteKeyRequest(encodeSiteKeyRequest(request))).toEqual(request);
    const sealed = await sealSiteKey(request, siteKey);
    const message = encodeSealedSiteKey(sealed);
    expect(decodeSealedSiteKey(message)).toEqual(sealed);
    expect(await openSiteKey(decodeSealedSiteKey(message), pair)).toEqual(siteKey);
    expect(Buffer.from(message).includes(Buffer.from(siteKey.key))).toBe(false);
  });

  it("opens for nobody else, and not when anything of it was changed", async () => {
    const sealed = await sealSiteKey(request, siteKey);
    await expect(openSiteKey(sealed, await createHpkeKeyPair())).rejects.toThrow(BadSealError);
    for (const change of [{ generation: 4 }, { siteDay: 20_001 }, { site: parseSiteId("school-2") }])
      await expect(openSiteKey({ ...sealed, ...change }, pair)).rejects.toThrow(BadSealError);
  });

  it("is sealed to no text that is not a public key", async () => {
    await expect(sealSiteKey({ ...request, publicKey: new Uint8Array(31) }, siteKey)).rejects.toThrow(BluepostError);
  });

  it("meets any other bytes with one of our faults, and takes neither message for the other", async () => {
    const answer = encodeSealedSiteKey(await sealSiteKey(request, siteKey));
    expect(() => decodeSiteKeyRequest(answer)).toThrow(BluepostError);
    expect(() => decodeSealedSiteKey(encodeSiteKeyRequest(request))).toThrow(BluepostError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeSiteKeyRequest, decodeSealedSiteKey])
          expect(() => decode(bytes)).toThrow(BluepostError);
      }),
    );
  });
});
