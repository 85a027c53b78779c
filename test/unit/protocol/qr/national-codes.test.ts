import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../protocol/bytes.ts";
import { birthYearOf, maskId, maskName } from "../../../../protocol/qr/mask.ts";
import type { QrParser } from "../../../../protocol/qr/parser.ts";
import type { QrReading } from "../../../../protocol/qr/reading.ts";
import { createDoorParser } from "../../../../runtime/door-parser.ts";

const door: Promise<QrParser> = createDoorParser({ cardIssuers: [] });
const read = async (text: string): Promise<QrReading> =>
  (await door).parse(utf8(text), { nowMs: null, clockUncertaintyMs: 0 });
const hex = (text: string): string => Buffer.from(text).toString("hex");

describe("national personal code (1405)", () => {
  const START = "001093029317|NGUYEN LE KHA HAN|1987-01-18|0|162979388586171100";

  it.each([
    ["all fields", "<1<GD4877000000001<0943000001<", { phone: "0943000001", insuranceNumber: "GD4877000000001" }],
    [
      "the declarer left out, as in the second official example",
      "1<gd4877000000001<0943000001",
      { phone: "0943000001" },
    ],
    ["a country code", "<2<<+84943000001<<", { phone: "+84943000001" }],
  ])("reads the extension with %s", async (_, extension, contact) => {
    expect(await read(`${START}|${extension}`)).toMatchObject({ scheme: "vn1405", vault: contact });
  });

  it.each(["", "|", "|<1<<<", "|<1<GD4877*******<0943******", "|<<<<<<<<<<<", "|x<y<z"])(
    "keeps no contact field that is masked, empty or odd: %j",
    async (tail) => {
      const reading = await read(START + tail);
      expect(reading).toMatchObject({
        kind: "credential",
        vault: { name: "NGUYEN LE KHA HAN", birthDate: "1987-01-18" },
      });
      if (reading.kind === "credential") expect(Object.keys(reading.vault ?? {})).toEqual(["name", "birthDate"]);
    },
  );

  it.each(["C1234567", "c1234567"])("takes passport numbers in either case for one: %s", async (number) => {
    expect(await read(`${number}|A B|1989/3/3|1|Q123456`)).toMatchObject({
      id: "C1234567",
      masked: { birthYear: 1989 },
    });
  });

  it("is malformed when the number is masked and there is no platform number", async () => {
    expect(await read("******029317|A B|1987-**-**|0||")).toMatchObject({ kind: "refused", reason: "malformed" });
  });
});

describe("chip identity card", () => {
  it.each([
    [
      "labels before its fields",
      "So CCCD: 001090123456|CMND: 012345678|Ho ten: NGUYEN VAN AN|NS: 01/01/1990|GT: Nam|DC: Rach Gia|NC: 15/04/2021",
    ],
    ["lost accents", "001090123456|012345678|NGUYEN VAN AN|01011990|Nam|Rach Gia|15042021"],
    ["the fields of the card of 2024", "001090123456||NGUYEN VAN AN|01011990|Nam|Rach Gia|15042021|NGUYEN A|TRAN B|"],
    ["blanks round its fields", " 001090123456 | 012345678 | NGUYEN VAN AN | 01011990 | Nam | Rach Gia | 15042021 "],
  ])("reads with %s", async (_, text) => {
    expect(await read(text)).toMatchObject({
      scheme: "cccd",
      id: "001090123456",
      vault: { name: "NGUYEN VAN AN", address: "Rach Gia" },
      masked: { name: "N. V. AN", birthYear: 1990 },
    });
  });

  it("keeps a colon that belongs to an address", async () => {
    const text = "001090123456||NGUYEN VAN AN|01011990|Nam|Tổ 3: ấp Hòa|15042021";
    expect(await read(text)).toMatchObject({ vault: { address: "Tổ 3: ấp Hòa" } });
  });

  it.each(["00109012345|012345678|A|01011990|Nam|X|15042021", "001090123456|A|Nam|X", "001090123456"])(
    "does not know %j",
    async (text) => expect(await read(text)).toMatchObject({ kind: "unknown" }),
  );
});

describe("health-insurance card", () => {
  const tail = `${hex("Trần Thị Bình")}|01/02/1955|2|${hex("Rạch Giá")}|91 - 001|01/01/2021|-|$`;

  it.each([
    ["GD4910123456789", "GD4910123456789"],
    ["gd 4 91 0123456789", "GD4910123456789"],
    ["0123456789", "0123456789"],
  ])("of number %s has the id %s", async (number, id) => {
    expect(await read(`${number}|${tail}`)).toMatchObject({
      scheme: "bhyt",
      id,
      vault: { name: "Trần Thị Bình", birthDate: "01/02/1955", address: "Rạch Giá", insuranceNumber: id },
      masked: { id: maskId(id), birthYear: 1955 },
    });
  });

  it("reads a name in the clear, and shows no control characters of a hex one", async () => {
    expect(await read("GD4910123456789|Tran Thi Binh|1955|2|x|$")).toMatchObject({ vault: { name: "Tran Thi Binh" } });
    const nasty = await read(`GD4910123456789|${hex("A\u001b[2JB")}|1955|2|x|$`);
    expect(nasty).toMatchObject({ vault: { name: "A [2JB" } });
  });
});

describe("masking", () => {
  it("hides the first six characters and keeps the length", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-Z]{0,20}$/), (id) => {
        expect(maskId(id)).toBe("*".repeat(Math.min(6, id.length)) + id.slice(6));
      }),
    );
  });

  it("never shows more of a name than initials and the given name", () => {
    expect(maskName("  nguyễn   lê khả  hân ")).toBe("N. L. K. HÂN");
    expect(maskName("Đỗ")).toBe("ĐỖ");
    expect(maskName(" ")).toBeNull();
    expect(maskName("a ".repeat(500) + "b".repeat(500))).toBe(`A. A. A. A. A. A. ${"B".repeat(24)}`);
  });

  it.each([
    ["20011985", 1985],
    ["01/01/1990", 1990],
    ["3-12-2001", 2001],
    ["1987-**-**", 1987],
    ["1955", 1955],
    ["", null],
    ["19", null],
    ["99990101", null],
    ["00000000", null],
  ])("of the birth date %j is the year %j", (text, year) => expect(birthYearOf(text)).toBe(year));
});
