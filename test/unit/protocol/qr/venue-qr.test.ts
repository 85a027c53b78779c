import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fromBase64Url, toHex, utf8 } from "../../../../protocol/bytes.ts";
import { openLocationPart, parseLocationPart, temporaryLocationId } from "../../../../protocol/qr/clea.ts";
import { openEcies, sealEcies } from "../../../../protocol/qr/ecies.ts";
import {
  agreeP256,
  compressPoint,
  createP256KeyPair,
  expandPoint,
  type P256KeyPair,
} from "../../../../protocol/qr/p256.ts";
import {
  parseVenueCode,
  posterText,
  publishedPosterId,
  rotatingVenueText,
  VENUE_QR_PREFIX,
} from "../../../../protocol/qr/venue-qr.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { runs } from "../../../support/property-runs.ts";

const NOW = Date.UTC(2026, 10, 23, 5, 30) as WallMs;
const seed = fc.uint8Array({ minLength: 16, maxLength: 16 });
const periodKey = new Uint8Array(32).fill(3);

describe("venue code", () => {
  let authority: P256KeyPair;
  const rotating = (nowMs: WallMs): Promise<string> =>
    rotatingVenueText(nodeCrypto, {
      periodKey,
      periodStartMs: Date.UTC(2026, 10, 22, 21) as WallMs,
      nowMs,
      periodHours: 24,
      renewalExponent: 10,
      venueType: 4,
      category1: 1,
      category2: 0,
      authorityKey: authority.publicKey,
    });

  beforeAll(async () => {
    authority = await createP256KeyPair();
  });

  it("on a poster carries its seed and nothing else", () => {
    fc.assert(
      fc.property(
        seed,
        (bytes) => void expect(parseVenueCode(posterText(bytes))).toEqual({ kind: "poster", seed: bytes }),
      ),
    );
  });

  it("on a poster is published under another id each day", () => {
    const bytes = new Uint8Array(16).fill(1);
    const ids = [20_000, 20_001].map((day) => toHex(publishedPosterId(nodeCrypto, bytes, day)));
    expect(new Set(ids).size).toBe(2);
  });

  it("on the screen changes with every showing and keeps its location id within the period", async () => {
    const texts = [await rotating(NOW), await rotating((NOW + 1_024_000) as WallMs)];
    expect(new Set(texts).size).toBe(2);
    const expected = { kind: "rotating", locationId: temporaryLocationId(nodeCrypto, periodKey) };
    for (const text of texts) expect(parseVenueCode(text)).toEqual(expected);
  });

  it("on the screen tells the authority the time of showing, in NTP seconds, and the key of the period", async () => {
    const part = parseLocationPart(fromBase64Url((await rotating(NOW)).slice(VENUE_QR_PREFIX.length)));
    const { facts, sealedContact } = await openLocationPart(nodeCrypto, part, authority);
    expect(facts).toEqual({
      staff: false,
      periodKey,
      periodHours: 24,
      renewalExponent: 10,
      venueType: 4,
      category1: 1,
      category2: 0,
      periodStartHours: (Date.UTC(2026, 10, 22, 21) / 1_000 + 2_208_988_800) / 3_600,
      shownSinceSeconds: NOW / 1_000 + 2_208_988_800,
    });
    expect(sealedContact).toBeNull();
    await expect(openLocationPart(nodeCrypto, part, await createP256KeyPair())).rejects.toMatchObject({
      code: "PROTO_BAD_SEAL",
    });
  });

  it("shown to a kiosk is a poster; broken, it is refused", async () => {
    const door = await createDoorParser({ cardIssuers: [] });
    const read = (text: string): ReturnType<typeof door.parse> =>
      door.parse(utf8(text), { nowMs: NOW, clockUncertaintyMs: 0 });
    const text = await rotating(NOW);
    expect(await read(text)).toMatchObject({ kind: "poster", format: "bp-venue" });
    expect(await read(posterText(new Uint8Array(16)))).toMatchObject({ kind: "poster", format: "bp-venue" });
    for (const broken of [VENUE_QR_PREFIX, text.slice(0, -4), `${text}AAAA`, `${VENUE_QR_PREFIX}!`])
      expect(await read(broken)).toEqual({ kind: "refused", format: "bp-venue", reason: "malformed" });
    expect(await read(text.replace("v=0", "v=1"))).toMatchObject({ kind: "unknown" });
  });
});

describe("P-256", () => {
  it("expands what it compressed, for either sign of Y", async () => {
    const signs = new Set<number>();
    for (let run = 0; run < 16; run += 1) {
      const { publicKey } = await createP256KeyPair();
      const compressed = compressPoint(publicKey);
      signs.add(compressed[0] as number);
      expect(expandPoint(compressed)).toEqual(publicKey);
    }
    expect([...signs].sort()).toEqual([2, 3]);
  });

  it("refuses what is not on the curve", () => {
    const offCurve = Uint8Array.of(2, ...new Uint8Array(31), 7);
    const beyond = Uint8Array.of(2, ...new Uint8Array(32).fill(0xff));
    for (const point of [offCurve, beyond, new Uint8Array(33), new Uint8Array(3)])
      expect(() => expandPoint(point)).toThrow(expect.objectContaining({ code: "PROTO_MALFORMED" }));
  });

  it("agrees on one secret from both sides", async () => {
    const [one, two] = [await createP256KeyPair(), await createP256KeyPair()];
    expect(await agreeP256(one, two.publicKey)).toEqual(await agreeP256(two, one.publicKey));
  });

  it("opens what was sealed, and nothing that was changed", async () => {
    const recipient = await createP256KeyPair();
    const aad = utf8("header");
    const sealed = await sealEcies(nodeCrypto, { recipient: recipient.publicKey, aad, text: utf8("hello") });
    expect(await openEcies(nodeCrypto, { recipient, aad, sealed })).toEqual(utf8("hello"));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), async (at) => {
        const changed = sealed.slice();
        changed[at] = (changed[at] as number) ^ 1;
        await expect(openEcies(nodeCrypto, { recipient, aad, sealed: changed })).rejects.toThrow();
      }),
      { numRuns: runs(40) },
    );
  });
});
