import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../../../protocol/bytes.ts";
import { importSigningKey } from "../../../../protocol/cose.ts";
import { issueCard } from "../../../../protocol/qr/bp1-card.ts";
import { attestPass, passStep, showPass } from "../../../../protocol/qr/bp2-phone-pass.ts";
import { createP256KeyPair, signP256 } from "../../../../protocol/qr/p256.ts";
import type { QrParser } from "../../../../protocol/qr/parser.ts";
import { readProtobuf } from "../../../../protocol/qr/protobuf.ts";
import type { QrReading, ReadingContext } from "../../../../protocol/qr/reading.ts";
import { encodeSetupCode } from "../../../../protocol/qr/setup-code.ts";
import { issueStaffCode } from "../../../../protocol/qr/staff-code.ts";
import { displayText, readSymbolText } from "../../../../protocol/qr/symbol-text.ts";
import { posterText } from "../../../../protocol/qr/venue-qr.ts";
import { DAY_MS, type WallMs } from "../../../../protocol/units.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { createRoot } from "../../../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { createTestIssuer, passportText, vaccinationClaims } from "../../../support/passports.ts";
import { runs } from "../../../support/property-runs.ts";
import { repository } from "../../../support/repository.ts";

const NOW = Date.UTC(2026, 10, 23) as WallMs;
const TODAY = Math.floor(NOW / DAY_MS);
const context: ReadingContext = { nowMs: NOW, clockUncertaintyMs: 0 };
const KINDS = ["credential", "poster", "refused", "party", "setup", "staff", "unknown"];
const NZ = { gln: "7000000243950", ver: "c19:1", typ: "entry", opn: "Blue Stone", adr: "Unit 1\nLeeston" };
const NZ_TEXT = `NZCOVIDTRACER:${Buffer.from(JSON.stringify(NZ)).toString("base64")}`;
const CWA_PAYLOAD =
  "CAESIAgBEg1JY2VjcmVhbSBTaG9wGg1NYWluIFN0cmVldCAxGmUIARJbMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEc7DEstcUIRcyk35OYDJ95/" +
  "hTg3UVhsaDXKT0zK7NhHPXoyzipEnOp3GyNXDVpaPi3cAfQmxeuFMZAIX2+6A5XhoEMTIzNCIGCAEQARgK";

let parser: QrParser;
let valid: readonly string[];
const read = (input: string | Uint8Array): Promise<QrReading> =>
  parser.parse(typeof input === "string" ? utf8(input) : input, context);

beforeAll(async () => {
  const raw = rawKeyPair((await createRoot("cards", NOW)).privateKeyPem);
  const kid = Uint8Array.of(1, 2, 3, 4);
  const issuer = { key: await importSigningKey(raw), kid };
  const passports = await createTestIssuer("ES256", { from: NOW - DAY_MS, to: NOW + DAY_MS });
  const cardIssuers = [{ kid: toHex(kid), publicKey: toHex(raw.publicKey) }];
  parser = await createDoorParser({ cardIssuers, site: "s", hc1Trust: [passports.trusted] });
  const phone = await createP256KeyPair();
  const claims = { serial: new Uint8Array(8), issuedDay: TODAY, expiresDay: TODAY };
  const attestation = await attestPass({ ...claims, publicKey: phone.publicKey }, issuer);
  const sign = (text: Uint8Array): Promise<Uint8Array> => signP256(phone, text);
  const setup = { url: "https://g:1", caSha256: "00".repeat(32), token: "12345678", site: "s", venue: "01234567" };
  valid = [
    "001090123456|012345678|Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021",
    "001093029317|NGUYEN LE KHA HAN|1987-01-18|0|162979388586171100|<1<GD4877000000000<0943000000",
    `GD4910123456789|${Buffer.from("Trần Thị Bình").toString("hex")}|01/02/1955|2|486f|91 - 001|01/01/2021|$`,
    await issueCard({ ...claims, kind: 1 }, issuer),
    await showPass({ attestation, serial: claims.serial, step: passStep(NOW), sign }),
    await passportText(passports, vaccinationClaims({ issued: NOW / 1_000 - 60, expires: NOW / 1_000 + 60 })),
    encodeSetupCode(nodeCrypto, setup),
    await issueStaffCode({ action: "menu", site: "s", issuedDay: TODAY, expiresDay: TODAY }, issuer),
    posterText(new Uint8Array(16)),
    NZ_TEXT,
    `https://e.coronawarn.app?v=1#${CWA_PAYLOAD}`,
    `https://tac.gouv.fr?v=0#${"A".repeat(147)}`,
    "https://qr.tokhaiyte.vn/1",
    "3",
  ];
});

describe("QrParser, fed by an enemy", () => {
  it("accepts every code that the enemy starts from", async () => {
    for (const text of valid) expect(["refused", "unknown"]).not.toContain((await read(text)).kind);
  });

  it("answers any bytes with a value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        expect(KINDS).toContain((await read(bytes)).kind);
      }),
      { numRuns: runs(500) },
    );
  });

  it("answers any valid code, cut, garbled, doubled or stuffed, with a value", async () => {
    const hostile = fc.record({
      which: fc.nat(13),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      drop: fc.nat(8),
      noise: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom("", "|", "||||||", "<", "\u0000", "%", "+", "0".repeat(2_000)),
      ),
      twice: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(hostile, async ({ which, at, drop, noise, twice }) => {
        const text = valid[which] as string;
        const from = Math.floor(at * text.length);
        const changed = text.slice(0, from) + noise + text.slice(from + drop);
        expect(KINDS).toContain((await read(twice ? changed + changed : changed)).kind);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("answers hostile bodies behind every prefix with a value", async () => {
    const prefix = fc.constantFrom(
      "BP1:",
      "BP2:",
      "BPS:",
      "BPT:",
      "BPE:",
      "HC1:",
      "NZCOVIDTRACER:",
      "https://tac.gouv.fr?v=0#",
    );
    const alphabet = fc.constantFrom(..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:");
    await fc.assert(
      fc.asyncProperty(prefix, fc.string({ unit: alphabet, maxLength: 300 }), async (start, body) => {
        expect(["refused", "poster"]).toContain((await read(start + body)).kind);
      }),
      { numRuns: runs(1_000) },
    );
  });

  it.each([
    "HC1",
    "HC1;ABC",
    "hc1:ABC",
    "HC2:ABC",
    "BP1",
    "bp1:ABC",
    "BP3:ABC",
    "NZCOVIDTRACERX:abcd",
    "NZCOVIDTRACER",
  ])("does not take %j for the code that it looks like", async (text) =>
    expect(await read(text)).toEqual({ kind: "unknown", reason: "unrecognised" }),
  );

  it.each([
    "https://eviltokhaiyte.vn/",
    "https://tokhaiyte.vn.evil.example/",
    "https://tokhaiyte.vn@evil.example/",
    "https://evil.example/?tokhaiyte.vn",
    "javascript:tokhaiyte.vn",
    "https://tac.gouv.fr.evil.example?v=0#AAAA",
    "https://e.coronawarn.app.evil.example?v=1#AAAA",
  ])("does not take %j for a poster", async (text) => expect(await read(text)).toMatchObject({ kind: "unknown" }));

  it.each([
    ["NZ, another JSON", `NZCOVIDTRACER:${Buffer.from('{"gln":1}').toString("base64")}`],
    ["NZ, fields of a prototype", `NZCOVIDTRACER:${Buffer.from('{"__proto__":{"gln":"1"}}').toString("base64")}`],
    ["NZ, no JSON", "NZCOVIDTRACER:AAAA"],
    ["CWA, cut", `https://e.coronawarn.app?v=1#${CWA_PAYLOAD.slice(0, 60)}`],
    ["CWA, empty", "https://e.coronawarn.app?v=1#"],
    ["CWA by a vendor, no payload", "https://vendor.example/#/CWA1/AAAA"],
    ["Clea, cut", `https://tac.gouv.fr?v=0#${"A".repeat(100)}`],
    ["Clea, version 1", `https://tac.gouv.fr?v=0#I${"A".repeat(146)}`],
  ])("refuses a poster that is not whole: %s", async (_, text) => {
    expect(await read(text)).toMatchObject({ kind: "refused", reason: "malformed" });
  });

  it("holds text to the size of a QR code, and digits to that of a numeric one", async () => {
    expect(await read("9".repeat(7_089))).toMatchObject({ reason: "unrecognised" });
    expect(await read("9".repeat(7_090))).toEqual({ kind: "unknown", reason: "oversize" });
    expect(await read("A".repeat(2_953))).toMatchObject({ reason: "unrecognised" });
    expect(await read("A".repeat(2_954))).toEqual({ kind: "unknown", reason: "oversize" });
    expect(await read(`${"9".repeat(7_000)}A`)).toEqual({ kind: "unknown", reason: "oversize" });
  });

  it("refuses control characters and marks that turn text round, wherever they stand", async () => {
    for (const mark of ["\u0000", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085", "\u2028", "\u202e", "\u2066"]) {
      const text = `001090123456||Nguyễn${mark} An|01011990|Nam|Rạch Giá|15042021`;
      expect(await read(text)).toEqual({ kind: "unknown", reason: "control_characters" });
      expect(displayText(`a${mark}b`)).toBe("a b");
    }
  });

  it("says charset of what is not UTF-8, and keeps no-break spaces", async () => {
    for (const bytes of [Uint8Array.of(0xc3), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xc0, 0x80)])
      expect(await read(bytes)).toEqual({ kind: "unknown", reason: "charset" });
    expect(readSymbolText(utf8("a\u00a0b"))).toEqual({ kind: "text", text: "a\u00a0b" });
  });

  it("keeps nothing of one scan for the next", async () => {
    const [card = ""] = valid;
    const before = await read(card);
    for (const text of valid) await read(text.slice(0, -1));
    expect(await read(card)).toEqual(before);
  });
});

describe("patterns that read a visitor's text", () => {
  const folder = join(repository, "protocol/qr");
  const patterns = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), "utf8").matchAll(
        /(?<=[(=,[ ])\/(?![/*])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/[a-z]*/g,
      ),
    ])
    .map(([, source = ""]) => source);

  it("are found", () => expect(patterns.length).toBeGreaterThan(20));

  it.each([...new Set(patterns)])(
    "%s repeats no repetition without bound, so that time grows no faster than length",
    (source) => {
      expect(nestedRepetition(source)).toBe(false);
    },
  );

  it.each(["(a+)+", "(?:a*b?)*", "((a{2,})c)+"])("would be caught: %s", (source) =>
    expect(nestedRepetition(source)).toBe(true),
  );
});

/** Whether an unbounded repetition stands inside a group that is itself repeated without bound: the shape of exponential back-tracking. */
function nestedRepetition(source: string): boolean {
  const plain = source.replaceAll(/\\.|\[(?:[^\]\\]|\\.)*\]/g, "x");
  const open: boolean[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    const unbounded = /^(?:[*+]|\{\d+,\})/.test(plain.slice(at + 1));
    if (plain[at] === "(") open.push(false);
    else if (plain[at] === ")") {
      const holds = open.pop() ?? false;
      if (holds && unbounded) return true;
      if ((holds || unbounded) && open.length > 0) open[open.length - 1] = true;
    } else if (unbounded && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}

describe("protobuf", () => {
  it("reads any bytes, or says malformed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(readProtobuf(bytes).length).toBeLessThanOrEqual(bytes.length);
        } catch (fault) {
          expect(fault).toMatchObject({ code: "PROTO_MALFORMED" });
        }
      }),
    );
  });
});
