import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../protocol/bytes.ts";
import type { QrReading } from "../../../../protocol/qr/reading.ts";
import { type TypedDocumentScheme, typedDocumentId } from "../../../../protocol/qr/typed-document.ts";
import { formatTypedSerial } from "../../../../protocol/qr/typed-serial.ts";
import { vn1405 } from "../../../../protocol/qr/vn-1405.ts";
import { vnBhyt } from "../../../../protocol/qr/vn-bhyt.ts";
import { vnCccd } from "../../../../protocol/qr/vn-cccd.ts";

const context = { nowMs: null, clockUncertaintyMs: 0 };

async function scanned(read: QrReading | Promise<QrReading>): Promise<string> {
  const reading = await read;
  return reading.kind === "credential" ? reading.id : reading.kind;
}

describe("a typed document number", () => {
  it.each([
    ["cccd", "001 099 000 001", vnCccd.read("001099000001||A B|01011990|Nam|X|15042021", context)],
    ["bhyt", "gd-4-01-1234567890", vnBhyt.read("GD 4 01 1234567890|4120|01/01/1990|1|X|Y|$", context)],
    ["bhyt", "0123 456 789", vnBhyt.read("0123456789|4120|01/01/1990|1|X|Y|$", context)],
    ["vn1405", " c1234567", vn1405.read("C1234567|A B|1989-03-03|1|Q1", context)],
    ["vn1405", "C1234567", vn1405.read("c1234567|A B|1989-03-03|1|Q1", context)],
  ] as const)("of %s is what a kiosk derives from the code: %s", async (scheme, typed, read) => {
    expect(typedDocumentId(scheme, typed)).toBe(await scanned(read));
  });

  it("of a card is its serial, in hex or as it is printed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (serial) => {
        const hex = toHex(serial);
        for (const typed of [
          hex,
          hex.toUpperCase(),
          formatTypedSerial(serial),
          formatTypedSerial(serial).toLowerCase(),
        ]) {
          expect(typedDocumentId("bp1", typed)).toBe(hex);
          expect(typedDocumentId("bp2", ` ${typed} `)).toBe(hex);
        }
      }),
    );
  });

  it("of a vaccine passport is 64 hex digits", () => {
    expect(typedDocumentId("hc1", "AB".repeat(32))).toBe("ab".repeat(32));
  });

  it.each<readonly [TypedDocumentScheme, string]>([
    ["cccd", "00109900000"],
    ["cccd", "123456789"],
    ["cccd", "001099000001x"],
    ["bhyt", "G4011234567890"],
    ["bhyt", "012345678"],
    ["vn1405", "12345"],
    ["vn1405", "cmnd 123456789"],
    ["vn1405", "******029317"],
    ["bp1", "0123456789abcde"],
    ["bp1", "00000-00000-001-0"],
    ["hc1", "ab".repeat(31)],
    ["hc1", "xy".repeat(32)],
  ])("of %s is not %s", (scheme, typed) => {
    expect(typedDocumentId(scheme, typed)).toBeNull();
  });
});
