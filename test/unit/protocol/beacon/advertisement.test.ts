import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ADVERTISEMENT_BYTES,
  encodeAdvertisement,
  type OwnAdvertisement,
  parseAdvertisement,
} from "../../../../protocol/beacon/advertisement.ts";
import { concatBytes, fromHex, toHex } from "../../../../protocol/bytes.ts";
import type { Dbm } from "../../../../protocol/units.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const own: fc.Arbitrary<OwnAdvertisement> = fc.record({
  kind: fc.constantFrom("kiosk" as const, "token" as const),
  id: bytes(16),
  txPower: fc.option(fc.integer({ min: -127, max: 20 }) as fc.Arbitrary<number> as fc.Arbitrary<Dbm>),
  echo: fc.option(bytes(3).filter((echo) => echo.some((byte) => byte !== 0))),
});
const KIOSK: OwnAdvertisement = {
  kind: "kiosk",
  id: Uint8Array.from({ length: 16 }, (_, at) => at),
  txPower: -8 as Dbm,
  echo: null,
};
const GAEN = "03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874";
const BLUEZONE = "020106030356 4e0fffb522b9a665d754fe65e665d76a45".replace(" ", "");

describe("our advertisement", () => {
  it("is 30 bytes: flags, then manufacturer data of 27", () => {
    const payload = encodeAdvertisement(KIOSK);
    expect(payload).toHaveLength(ADVERTISEMENT_BYTES);
    expect(toHex(payload)).toBe("0201061affffff425011000102030405060708090a0b0c0d0e0ff8000000");
  });

  it("reads back as it was encoded, whatever its values", () => {
    fc.assert(
      fc.property(own, (sent) => {
        expect(parseAdvertisement(encodeAdvertisement(sent))).toEqual(sent);
      }),
    );
  });

  it.each([
    ["a short identifier", { id: new Uint8Array(15) }, "PROTO_MALFORMED"],
    ["a long echo", { echo: new Uint8Array(4) }, "PROTO_MALFORMED"],
    ["a power that no radio has", { txPower: 21 as Dbm }, "PROTO_OUT_OF_RANGE"],
  ])("is refused with %s", (_, change, code) => {
    expect(() => encodeAdvertisement({ ...KIOSK, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it("of another version or type is nobody's", () => {
    for (const byte of [0x01, 0x13, 0x21, 0xff]) {
      const payload = encodeAdvertisement(KIOSK);
      payload[9] = byte;
      expect(parseAdvertisement(payload)).toBeNull();
    }
  });
});

describe("advertisements of others", () => {
  it("of Exposure Notification give identifier and metadata", () => {
    const heard = parseAdvertisement(fromHex(GAEN));
    expect(heard).toEqual({ kind: "gaen", id: fromHex(GAEN.slice(16, 48)), metadata: fromHex("72033874") });
    expect(parseAdvertisement(concatBytes(fromHex("02011a"), fromHex(GAEN)))).toEqual(heard);
  });

  it("of Bluezone give 12 bytes, in either order of fields", () => {
    const wanted = { kind: "bluezone", id: fromHex("b9a665d754fe65e665d76a45") };
    expect(parseAdvertisement(fromHex(BLUEZONE))).toEqual(wanted);
    const swapped = `0201060fffb522b9a665d754fe65e665d76a4503${"03564e"}`;
    expect(parseAdvertisement(fromHex(swapped))).toEqual(wanted);
  });

  it.each([
    ["an iBeacon", "0201061aff4c000215fda50693a4e24fb1afcfc6eb0764782500010002c5"],
    ["Bluezone's company without its service", "0201060fffb522b9a665d754fe65e665d76a45"],
    ["Bluezone with 11 bytes", "02010603 03564e0effb522b9a665d754fe65e665d76a".replace(" ", "")],
    ["GAEN with 19 bytes", "03036ffd16166ffd8be6cd371c5c891604bfbe49df845096720338"],
    ["a length past the end", `${"0201061affffff4250110001"}`],
    ["nothing", ""],
  ])("that are not of a known form give null: %s", (_, hex) => {
    expect(parseAdvertisement(fromHex(hex))).toBeNull();
  });

  it("never make the parser throw, whatever is sent", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (payload) => {
        const heard = parseAdvertisement(payload);
        expect(heard === null || [12, 16].includes(heard.id.length)).toBe(true);
      }),
    );
  });

  it("damaged in one place never throw and never change their kind", () => {
    const samples = [encodeAdvertisement(KIOSK), fromHex(GAEN), fromHex(BLUEZONE)];
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), (sample, place, value) => {
        const kind = parseAdvertisement(sample)?.kind;
        const damaged = sample.slice();
        damaged[place % sample.length] = value;
        expect(["kiosk", "token"].includes(kind ?? "") ? ["kiosk", "token", undefined] : [kind, undefined]).toContain(
          parseAdvertisement(damaged)?.kind,
        );
      }),
    );
  });

  it("are copied, so that a reused buffer changes nothing", () => {
    const buffer = fromHex(BLUEZONE);
    const heard = parseAdvertisement(buffer);
    buffer.fill(0);
    expect(toHex(heard?.id ?? new Uint8Array())).toBe("b9a665d754fe65e665d76a45");
  });
});
