import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../../../protocol/bytes.ts";
import { importSigningKey } from "../../../../protocol/cose.ts";
import { fromBase45, toBase45 } from "../../../../protocol/qr/base45.ts";
import { type CardIssuer, issueCard } from "../../../../protocol/qr/bp1-card.ts";
import { attestPass, PASS_STEP_MS, passStep, showPass } from "../../../../protocol/qr/bp2-phone-pass.ts";
import { createP256KeyPair, type P256KeyPair, signP256 } from "../../../../protocol/qr/p256.ts";
import type { QrParser } from "../../../../protocol/qr/parser.ts";
import type { QrReading, SetupCode, StaffAction } from "../../../../protocol/qr/reading.ts";
import { encodeSetupCode, parseSetupCode } from "../../../../protocol/qr/setup-code.ts";
import { issueStaffCode } from "../../../../protocol/qr/staff-code.ts";
import { formatTypedSerial, parseTypedSerial } from "../../../../protocol/qr/typed-serial.ts";
import { DAY_MS, MINUTE_MS, type WallMs } from "../../../../protocol/units.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { createRoot } from "../../../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { runs } from "../../../support/property-runs.ts";

const NOW = (Date.UTC(2026, 10, 23) + 12_000) as WallMs;
const TODAY = Math.floor(NOW / DAY_MS);
const CLAIMS = { serial: new Uint8Array(8).fill(9), issuedDay: TODAY - 1, expiresDay: TODAY + 1 };

/** What a scanner that types on a German layout does. */
const SWAPPED: Readonly<Record<string, string>> = { Y: "Z", Z: "Y" };

let issuer: CardIssuer;
let parser: QrParser;
const read = (text: string, at: WallMs | null = NOW, unsureMs = 0): Promise<QrReading> =>
  parser.parse(utf8(text), { nowMs: at, clockUncertaintyMs: unsureMs });

beforeAll(async () => {
  const raw = rawKeyPair((await createRoot("cards", NOW)).privateKeyPem);
  const kid = Uint8Array.of(1, 2, 3, 4);
  issuer = { key: await importSigningKey(raw), kid };
  const cardIssuers = [{ kid: toHex(kid), publicKey: toHex(raw.publicKey) }];
  parser = await createDoorParser({ cardIssuers, site: "rach-gia" });
});

describe("phone pass", () => {
  let phone: P256KeyPair;
  let attestation: Uint8Array;
  const show = (step: number, sign = (text: Uint8Array) => signP256(phone, text)): Promise<string> =>
    showPass({ attestation, serial: CLAIMS.serial, step, sign });

  beforeAll(async () => {
    phone = await createP256KeyPair();
    attestation = await attestPass({ ...CLAIMS, publicKey: phone.publicKey }, issuer);
  });

  it("is live while its step is fresh, and names the step", async () => {
    expect(await read(await show(passStep(NOW)))).toMatchObject({
      kind: "credential",
      scheme: "bp2",
      id: "0909090909090909",
      evidence: "signed_live",
      freshness: "live",
      step: passStep(NOW),
    });
  });

  it("fits a QR code that a cheap scanner reads from a phone", async () => {
    expect((await show(passStep(NOW))).length).toBeLessThanOrEqual(311); // version 10-M holds 311 alphanumeric characters
  });

  it.each([
    [-5, 0, "stale"],
    [-4, 0, "live"],
    [4, 0, "live"],
    [5, 0, "stale"],
    [-20, 9 * MINUTE_MS, "live"],
    [-30, 10 * MINUTE_MS, "stale"],
    [-30, 10 * MINUTE_MS + 1, "unknown"],
  ])("of %i steps ago, by a clock unsure by %i ms, is %s", async (steps, unsureMs, expected) => {
    const atMs = (passStep(NOW) * PASS_STEP_MS + PASS_STEP_MS / 2) as WallMs;
    const reading = await read(await show(passStep(NOW) + steps), atMs, unsureMs);
    const got = reading.kind === "credential" ? reading.freshness : reading.kind === "refused" && reading.reason;
    expect(got).toBe(expected);
  });

  it("is weaker evidence when its freshness is unknown", async () => {
    expect(await read(await show(1), null)).toMatchObject({ freshness: "unknown", evidence: "signed_static" });
  });

  it("is refused when another key signed the step", async () => {
    const other = await createP256KeyPair();
    const stolen = await show(passStep(NOW), (text) => signP256(other, text));
    expect(await read(stolen)).toMatchObject({ kind: "refused", reason: "bad_signature" });
  });

  it("is refused when its card has expired or its issuer is not ours", async () => {
    const old = await attestPass({ ...CLAIMS, expiresDay: TODAY - 1, publicKey: phone.publicKey }, issuer);
    const foreign = await attestPass(
      { ...CLAIMS, publicKey: phone.publicKey },
      { ...issuer, kid: Uint8Array.of(9, 9, 9, 9) },
    );
    const sign = (text: Uint8Array): Promise<Uint8Array> => signP256(phone, text);
    const pass = { serial: CLAIMS.serial, step: passStep(NOW), sign };
    expect(await read(await showPass({ ...pass, attestation: old }))).toMatchObject({ reason: "expired" });
    expect(await read(await showPass({ ...pass, attestation: foreign }))).toMatchObject({ reason: "unknown_issuer" });
  });

  it("is not a card, nor a card a pass", async () => {
    expect(await read(`BP1:${toBase45(attestation)}`)).toMatchObject({ kind: "refused", reason: "malformed" });
    const card = fromBase45((await issueCard({ ...CLAIMS, kind: 1 }, issuer)).slice(4));
    const sign = (text: Uint8Array): Promise<Uint8Array> => signP256(phone, text);
    const text = await showPass({ attestation: card, serial: CLAIMS.serial, step: passStep(NOW), sign });
    expect(await read(text)).toMatchObject({ kind: "refused", reason: "malformed" });
  });

  it("is refused after any one change", async () => {
    const bytes = fromBase45((await show(passStep(NOW))).slice(4));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ mask;
        expect((await read(`BP2:${toBase45(changed)}`)).kind).toBe("refused");
      }),
    );
  });
});

describe("personal card", () => {
  it("reads as issued, whatever its serial and days", async () => {
    const card = fc.record({
      serial: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      kind: fc.constantFrom(1, 2),
      issuedDay: fc.integer({ min: 0, max: TODAY }),
      expiresDay: fc.integer({ min: TODAY, max: 0xffff }),
    });
    await fc.assert(
      fc.asyncProperty(card, async (claims) => {
        const text = await issueCard(claims, issuer);
        expect(text).toMatch(/^BP1:[0-9A-Z $%*+\-./:]+$/);
        expect(await read(text)).toMatchObject({ kind: "credential", id: toHex(claims.serial) });
      }),
      { numRuns: runs(30) },
    );
  });

  it("gives the keyboard hint when letters were swapped on the way", async () => {
    const swapped = (letters: string): string => [...letters].map((letter) => SWAPPED[letter] ?? letter).join("");
    for (let serial = 0; ; serial += 1) {
      const text = await issueCard({ ...CLAIMS, serial: new Uint8Array(8).fill(serial), kind: 1 }, issuer);
      const [head, tail] = [text.slice(0, -30), text.slice(-30)]; // the tail is signature only
      if (swapped(tail) === tail) continue;
      expect(await read(head + swapped(tail))).toMatchObject({ kind: "refused", reason: "scanner_layout" });
      break;
    }
  });
});

describe("typed serial", () => {
  it("reads back as typed, in any case, grouping and confusion of letters", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (serial) => {
        const text = formatTypedSerial(serial);
        expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{3}-[0-9A-Z*~$=]$/);
        expect(parseTypedSerial(text)).toEqual(serial);
        const typed = text.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
        expect(parseTypedSerial(typed)).toEqual(serial);
      }),
    );
  });

  it("notices one wrong digit and two neighbours swapped", () => {
    const text = formatTypedSerial(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const digits = text.replaceAll("-", "");
    for (let at = 0; at < 13; at += 1) {
      const other = digits[at] === "7" ? "8" : "7";
      expect(() => parseTypedSerial(digits.slice(0, at) + other + digits.slice(at + 1))).toThrow();
      const [here = "", next = ""] = [digits[at], digits[at + 1]];
      if (at < 12 && here !== next)
        expect(() => parseTypedSerial(digits.slice(0, at) + next + here + digits.slice(at + 2))).toThrow();
    }
  });

  it.each(["", "0", "0000000000000", "U000000000000-0", "00000-00000-000-0-0"])("refuses %j", (text) =>
    expect(() => parseTypedSerial(text)).toThrow(),
  );
});

describe("setup code", () => {
  const setup: SetupCode = {
    url: "https://gateway.local:8081",
    caSha256: "ab".repeat(32),
    token: "one-time-token",
    site: "rach-gia",
    venue: "0123abcd",
  };

  it.each([setup, { ...setup, wifi: { ssid: "Chợ Rạch Giá", password: "rất bí mật" } }])(
    "reads back as made",
    async (code) => {
      expect(await read(encodeSetupCode(nodeCrypto, code))).toEqual({ kind: "setup", setup: code });
    },
  );

  it("is malformed when garbled by a scanner", async () => {
    const bytes = fromBase45(encodeSetupCode(nodeCrypto, setup).slice(4));
    bytes[20] = (bytes[20] as number) ^ 1;
    expect(await read(`BPS:${toBase45(bytes)}`)).toMatchObject({ kind: "refused", reason: "malformed" });
  });

  it.each([
    { ...setup, url: "javascript:alert(1)" },
    { ...setup, url: "https://a.example/ b" },
    { ...setup, token: "short" },
    { ...setup, site: "Not A Site" },
    { ...setup, venue: "x" },
    { ...setup, wifi: { ssid: "", password: "" } },
    { ...setup, wifi: { ssid: "net", password: "1234567" } },
  ])("is malformed with a field out of its form", (code) => {
    expect(() => parseSetupCode(nodeCrypto, encodeSetupCode(nodeCrypto, code))).toThrow();
  });
});

describe("staff code", () => {
  const claims = { site: "rach-gia", issuedDay: TODAY, expiresDay: TODAY };

  it.each<StaffAction>(["menu", "mute", "out_of_order", "in_service", "all_out"])("asks for %s", async (action) => {
    expect(await read(await issueStaffCode({ ...claims, action }, issuer))).toEqual({ kind: "staff", action });
  });

  it("works at its own site, on its days, by our issuer only", async () => {
    const action = "menu";
    const elsewhere = await issueStaffCode({ ...claims, action, site: "ha-tien" }, issuer);
    const old = await issueStaffCode({ ...claims, action, issuedDay: TODAY - 9, expiresDay: TODAY - 2 }, issuer);
    const forged = await issueStaffCode({ ...claims, action }, { ...issuer, kid: Uint8Array.of(5, 5, 5, 5) });
    expect(await read(elsewhere)).toMatchObject({ reason: "unknown_issuer" });
    expect(await read(old)).toMatchObject({ reason: "expired" });
    expect(await read(forged)).toMatchObject({ reason: "unknown_issuer" });
  });

  it("is not a card, nor a card a staff code", async () => {
    const staff = fromBase45((await issueStaffCode({ ...claims, action: "menu" }, issuer)).slice(4));
    const card = fromBase45((await issueCard({ ...CLAIMS, kind: 2 }, issuer)).slice(4));
    expect(await read(`BP1:${toBase45(staff)}`)).toMatchObject({ kind: "refused", reason: "malformed" });
    expect(await read(`BPT:${toBase45(card)}`)).toMatchObject({ kind: "refused", reason: "malformed" });
  });
});

describe("entry declaration", () => {
  it("is known, and refused as not supported", async () => {
    expect(await read("BPE:ABC")).toEqual({ kind: "refused", format: "entry-declaration", reason: "not_supported" });
  });
});
