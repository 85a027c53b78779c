import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceNameOf } from "../../../protocol/http/enrolment.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";

describe("the name that a kiosk gets from its key", () => {
  it("is 40 bits of the hash in Crockford's digits", () => {
    const zero = { sha256: () => new Uint8Array(32) };
    expect(deviceNameOf(zero, new Uint8Array(32))).toBe("kiosk-00000000");
    const ones = { sha256: () => new Uint8Array(32).fill(255) };
    expect(deviceNameOf(ones, new Uint8Array(32))).toBe("kiosk-zzzzzzzz");
    const mixed = { sha256: () => Uint8Array.of(0x08, 0x86, 0x42, 0x98, 0xe8, 0) }; // 00001 00010 00011 00100 00101 00110 00111 01000
    expect(deviceNameOf(mixed, new Uint8Array(32))).toBe("kiosk-12345678");
  });

  it("is always a device id, and the same for the same key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(deviceNameOf(nodeCrypto, key)).toBe(deviceNameOf(nodeCrypto, key));
      }),
    );
  });
});
