import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../../../protocol/bytes.ts";
import { fromBase45, toBase45 } from "../../../../protocol/qr/base45.ts";
import { MAX_HC1_BYTES } from "../../../../protocol/qr/hc1.ts";
import { createQrParser } from "../../../../protocol/qr/parser.ts";
import type { QrReading, TrustedIssuer } from "../../../../protocol/qr/reading.ts";
import { DAY_MS, type WallMs } from "../../../../protocol/units.ts";
import { readCertificate } from "../../../../runtime/certificate-reader.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";
import { parseHc1Trust } from "../../../../runtime/hc1-trust.ts";
import { inflate } from "../../../../runtime/inflate.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { createTestIssuer, passportText, type TestIssuer, vaccinationClaims } from "../../../support/passports.ts";

const NOW = Date.UTC(2026, 10, 23) as WallMs;
const seconds = (ms: number): number => ms / 1_000;
const TIMES = { issued: seconds(NOW - 30 * DAY_MS), expires: seconds(NOW + 30 * DAY_MS) };
const YEAR = { from: NOW - 365 * DAY_MS, to: NOW + 365 * DAY_MS };
const VACCINATION = "1.3.6.1.4.1.1847.2021.1.2";
const TEST = "1.3.6.1.4.1.0.1847.2021.1.1";

describe("vaccine passport", () => {
  let issuer: TestIssuer;
  const read = async (
    text: string,
    options: { trust?: readonly TrustedIssuer[]; at?: WallMs | null; unsureMs?: number } = {},
  ): Promise<QrReading> => {
    const { trust = [issuer.trusted], at = NOW, unsureMs = 0 } = options;
    const parser = await createDoorParser({ cardIssuers: [], hc1Trust: trust });
    return parser.parse(utf8(text), { nowMs: at, clockUncertaintyMs: unsureMs });
  };

  beforeAll(async () => {
    issuer = await createTestIssuer("ES256", YEAR);
  });

  it.each(["ES256", "PS256"] as const)("is accepted when signed with %s by a trusted issuer", async (algorithm) => {
    const signer = await createTestIssuer(algorithm, { ...YEAR, usages: [VACCINATION] });
    const reading = await read(await passportText(signer, vaccinationClaims(TIMES)), { trust: [signer.trusted] });
    expect(reading).toMatchObject({
      kind: "credential",
      scheme: "hc1",
      evidence: "signed_static",
      id: createHash("sha256").update("URN:UVCI:01:VN:TEST").digest("hex"),
      vault: { name: "Nguyễn Văn An", birthDate: "1990-01-01" },
      masked: { id: null, name: "N. V. AN", birthYear: 1990 },
    });
  });

  it("is refused with the reason of what is wrong", async () => {
    const good = vaccinationClaims(TIMES);
    const text = await passportText(issuer, good);
    const stranger = await createTestIssuer("ES256", YEAR);
    const impostor = { kid: issuer.trusted.kid, pem: stranger.trusted.pem };
    const tester = await createTestIssuer("ES256", { ...YEAR, usages: [TEST] });
    const past = await createTestIssuer("ES256", { from: NOW - 20 * DAY_MS, to: NOW - DAY_MS });
    const byTester = await passportText(tester, good);
    const byPast = await passportText(past, good);
    expect(await read(text, { trust: [] })).toMatchObject({ reason: "unknown_issuer" });
    expect(await read(text, { trust: [impostor] })).toMatchObject({ reason: "bad_signature" });
    expect(await read(byTester, { trust: [tester.trusted] })).toMatchObject({ reason: "key_usage" });
    expect(await read(byPast, { trust: [past.trusted] })).toMatchObject({ reason: "issuer_not_valid" });
    expect(await read(text, { at: (NOW + 31 * DAY_MS) as WallMs })).toMatchObject({ reason: "expired" });
    expect(await read(text, { at: (NOW - 31 * DAY_MS) as WallMs })).toMatchObject({ reason: "not_yet_valid" });
  });

  it("is not refused for its age by a clock that cannot tell", async () => {
    const text = await passportText(issuer, vaccinationClaims(TIMES));
    const late = (NOW + 31 * DAY_MS) as WallMs;
    expect(await read(text, { at: late, unsureMs: 2 * DAY_MS })).toMatchObject({ kind: "credential" });
    expect(await read(text, { at: null })).toMatchObject({ kind: "credential" });
  });

  it("tries every issuer that shares a key id", async () => {
    const stranger = await createTestIssuer("ES256", YEAR);
    const twin = { kid: issuer.trusted.kid, pem: stranger.trusted.pem };
    const text = await passportText(issuer, vaccinationClaims(TIMES));
    expect(await read(text, { trust: [twin, issuer.trusted] })).toMatchObject({ kind: "credential" });
  });

  it("takes no signature of one kind under a key of the other", async () => {
    const rsa = await createTestIssuer("PS256", YEAR);
    const text = await passportText(issuer, vaccinationClaims(TIMES));
    const confused = { kid: issuer.trusted.kid, pem: rsa.trusted.pem };
    expect(await read(text, { trust: [confused] })).toMatchObject({ reason: "bad_signature" });
  });

  it.each([
    ["no certificate id", (claims: Map<unknown, unknown>) => certificateOf(claims).set("v", [new Map([["ci", " "]])])],
    ["no certificate", (claims: Map<unknown, unknown>) => claims.delete(-260)],
    ["a date that is a text", (claims: Map<unknown, unknown>) => claims.set(4, "never")],
  ])("is malformed with %s", async (_, spoil) => {
    const claims = vaccinationClaims(TIMES);
    spoil(claims);
    expect(await read(await passportText(issuer, claims))).toMatchObject({ reason: "malformed" });
  });

  it.each([
    ["blanks and nulls", (c: Map<string, unknown>) => c.set("t", null).set("r", null).set("dob", "")],
    ["no names", (c: Map<string, unknown>) => c.delete("nam")],
    ["a year of birth only", (c: Map<string, unknown>) => c.set("dob", "1990")],
    ["several vaccinations", (c: Map<string, unknown>) => c.set("v", [...(c.get("v") as unknown[]), null, 1.5])],
  ])("is accepted with %s, as issuers write them", async (_, alter) => {
    const claims = vaccinationClaims(TIMES);
    alter(certificateOf(claims));
    expect(await read(await passportText(issuer, claims))).toMatchObject({ kind: "credential" });
  });

  it("shows no control characters of a name", async () => {
    const claims = vaccinationClaims(TIMES);
    certificateOf(claims).set("nam", new Map([["fn", "A\u001b[2J\u202eB"]]));
    expect(await read(await passportText(issuer, claims))).toMatchObject({ vault: { name: "A [2J B" } });
  });

  it("inflates no more than its bound, whatever a bomb promises", async () => {
    const asked: number[] = [];
    const parser = await createQrParser({
      crypto: nodeCrypto,
      readCertificate,
      cardIssuers: [],
      hc1Trust: [issuer.trusted],
      inflate: (bytes, maxBytes) => {
        asked.push(maxBytes);
        return inflate(bytes, maxBytes);
      },
    });
    const bomb = `HC1:${toBase45(deflateSync(new Uint8Array(1_500_000)))}`;
    expect(bomb.length).toBeLessThan(2_953);
    const reading = await parser.parse(utf8(bomb), { nowMs: NOW, clockUncertaintyMs: 0 });
    expect(reading).toEqual({ kind: "refused", format: "hc1", reason: "malformed" });
    expect(asked).toEqual([MAX_HC1_BYTES]);
  });

  it.each([
    ["nested past any document", "81".repeat(2_000)],
    ["promising four billion items", "9affffffff"],
    ["without an end", "9f"],
    ["with a key twice", "a201010101"],
  ])("is malformed when its CBOR is %s", async (_, hex) => {
    const text = `HC1:${toBase45(deflateSync(Buffer.from(hex, "hex")))}`;
    expect(await read(text)).toMatchObject({ reason: "malformed" });
  });

  it("is malformed when cut anywhere", async () => {
    const text = await passportText(issuer, vaccinationClaims(TIMES));
    for (let end = 4; end < text.length - 3; end += 17) {
      const reading = await read(text.slice(0, end));
      expect(reading).toMatchObject({ kind: "refused", reason: "malformed" });
    }
    expect(fromBase45(text.slice(4)).length).toBeGreaterThan(100);
  });
});

function certificateOf(claims: Map<unknown, unknown>): Map<string, unknown> {
  return (claims.get(-260) as Map<number, Map<string, unknown>>).get(1) as Map<string, unknown>;
}

describe("trust list", () => {
  it("finds the key id of a certificate by itself, and needs it beside a bare key", async () => {
    const { trusted } = await createTestIssuer("ES256", YEAR);
    expect(parseHc1Trust({ v: 1, issuers: [{ pem: trusted.pem }] })).toEqual([trusted]);
    const { spkiPem } = readCertificate(trusted.pem);
    expect(parseHc1Trust({ v: 1, issuers: [{ kid: trusted.kid, pem: spkiPem }] })).toHaveLength(1);
    expect(() => parseHc1Trust({ v: 1, issuers: [{ pem: spkiPem }] })).toThrow("issuer 1");
  });

  it("is refused as a whole when one entry is broken, naming it", () => {
    expect(() => parseHc1Trust({ v: 1, issuers: [{ kid: "00".repeat(8), pem: "x" }] })).toThrow("issuer 1");
    expect(() => parseHc1Trust([])).toThrow("form");
  });
});
