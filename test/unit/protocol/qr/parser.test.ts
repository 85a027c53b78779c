import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../../../protocol/bytes.ts";
import { type CoseKey, importSigningKey } from "../../../../protocol/cose.ts";
import { fromBase45, toBase45 } from "../../../../protocol/qr/base45.ts";
import { issueCard } from "../../../../protocol/qr/bp1-card.ts";
import type { QrParser } from "../../../../protocol/qr/parser.ts";
import type { QrReading, ReadingContext } from "../../../../protocol/qr/reading.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";
import { createRoot } from "../../../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { runs } from "../../../support/property-runs.ts";

const DAY = 20_000;
const context: ReadingContext = { nowMs: (DAY * 86_400_000) as WallMs, clockUncertaintyMs: 50 };

describe("QrParser", () => {
  let parser: QrParser;
  let key: CoseKey;
  const kid = Uint8Array.of(1, 2, 3, 4);
  const read = (text: string | Uint8Array): Promise<QrReading> =>
    parser.parse(typeof text === "string" ? utf8(text) : text, context);

  beforeAll(async () => {
    const raw = rawKeyPair((await createRoot("cards", Date.UTC(2026, 0, 1))).privateKeyPem);
    key = await importSigningKey(raw);
    parser = await createDoorParser({ cardIssuers: [{ kid: toHex(kid), publicKey: toHex(raw.publicKey) }] });
  });

  it("reads the national personal code, the official example included", async () => {
    expect(await read("001093029317|NGUYEN LE KHA HAN|1987-01-18|0|162979388586171100|<1<<<")).toMatchObject({
      kind: "credential",
      scheme: "vn1405",
      id: "001093029317",
      masked: { id: "******029317", name: "N. L. K. HAN", birthYear: 1987 },
    });
  });

  it("takes the platform's number when the document number is masked", async () => {
    expect(await read("******029317|NGUYEN LE KHA HAN|1987-**-**|0|162979388586171100|")).toMatchObject({
      id: "162979388586171100",
      masked: { id: "******029317", birthYear: 1987 },
    });
  });

  it.each([
    ["all seven fields", "001090123456|012345678|Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021"],
    ["no old number", "001090123456||Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021"],
    ["six fields", "001090123456|Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021"],
    ["dates with slashes", "001090123456|012345678|Nguyễn Văn An|01/01/1990|Nam|12 Trần Phú, Rạch Giá|15/04/2021"],
    ["decomposed letters", "001090123456||Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021".normalize("NFD")],
  ])("reads a chip card with %s", async (_, text) => {
    expect(await read(text)).toMatchObject({
      kind: "credential",
      scheme: "cccd",
      id: "001090123456",
      vault: { name: "Nguyễn Văn An", address: "12 Trần Phú, Rạch Giá" },
      masked: { id: "******123456", name: "N. V. AN", birthYear: 1990 },
    });
  });

  it("reads a health-insurance card, whose name is hex", async () => {
    const name = Buffer.from("Trần Thị Bình").toString("hex");
    expect(await read(`GD4910123456789|${name}|01/02/1955|2|${name}|91 - 001|01/01/2021|$`)).toMatchObject({
      scheme: "bhyt",
      id: "GD4910123456789",
      vault: { name: "Trần Thị Bình" },
    });
  });

  it("reads its own card and refuses one that is changed, expired or foreign", async () => {
    const claims = { serial: new Uint8Array(8).fill(7), kind: 1, issuedDay: DAY - 10, expiresDay: DAY };
    const card = await issueCard(claims, { key, kid });
    expect(await read(card)).toMatchObject({ kind: "credential", scheme: "bp1", id: "0707070707070707", vault: null });
    const late = await issueCard({ ...claims, expiresDay: DAY - 2 }, { key, kid });
    expect(await read(late)).toMatchObject({ kind: "refused", reason: "expired" });
    const foreign = await issueCard(claims, { key, kid: Uint8Array.of(9, 9, 9, 9) });
    expect(await read(foreign)).toMatchObject({ kind: "refused", reason: "unknown_issuer" });
    const changed = fromBase45(card.slice(4));
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    expect(await read(`BP1:${toBase45(changed)}`)).toMatchObject({ kind: "refused", reason: "scanner_layout" });
  });

  it.each([
    ["https://tokhaiyte.vn/?abc=1", "vn-declaration-url"],
    ["https://qr.pccovid.gov.vn/x", "vn-declaration-url"],
  ])("knows %s for a poster", async (text, format) => expect(await read(text)).toEqual({ kind: "poster", format }));

  it.each(["", "0", "10", "hello", "BP1", "bp1:ABC", "NZCOVIDTRACERX:abcd", "https://tokhaiyte.vn.evil.example/"])(
    "does not know %j",
    async (text) => expect(await read(text)).toMatchObject({ kind: "unknown", reason: "unrecognised" }),
  );

  it.each([
    ["oversize", new Uint8Array(3_000).fill(0x41)],
    ["oversize", new Uint8Array(7_090).fill(0x31)],
    ["control_characters", utf8("001090123456\u001b[2J")],
    ["charset", Uint8Array.of(0xff, 0xfe, 0x41)],
  ])("refuses %s bytes with that reason", async (reason, bytes) =>
    expect(await read(bytes)).toEqual({ kind: "unknown", reason }),
  );

  it("answers anything at all with a value", async () => {
    const valid = "001090123456|012345678|Nguyễn Văn An|01011990|Nam|12 Trần Phú|15042021";
    const mutated = fc
      .tuple(fc.nat(valid.length), fc.string({ unit: "binary", maxLength: 5 }))
      .map(([at, noise]) => valid.slice(0, at) + noise + valid.slice(at + 1));
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      mutated.map(utf8),
      fc.string().map((text) => utf8(`BP1:${text}`)),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        const reading = await parser.parse(bytes, context);
        expect(["credential", "poster", "refused", "party", "setup", "staff", "unknown"]).toContain(reading.kind);
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe("base45", () => {
  it("reads what it wrote", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(fromBase45(toBase45(bytes))).toEqual(bytes)));
  });

  it.each(["A", "ZZZ", "::", "ab", "É0"])("refuses %j", (text) => expect(() => fromBase45(text)).toThrow());
});
