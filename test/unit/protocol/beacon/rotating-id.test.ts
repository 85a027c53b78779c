import { describe, expect, it } from "vitest";
import { beaconId, rotationInterval, tokenId } from "../../../../protocol/beacon/rotating-id.ts";
import { concatBytes, toHex, utf8 } from "../../../../protocol/bytes.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const KEY = new Uint8Array(32).fill(7);

describe("rotating identifiers", () => {
  it("change every ten minutes of the wall clock", () => {
    expect([rotationInterval(0), rotationInterval(599_999), rotationInterval(600_000)]).toEqual([0, 0, 1]);
    expect(toHex(beaconId(nodeCrypto, KEY, 1))).not.toBe(toHex(beaconId(nodeCrypto, KEY, 2)));
  });

  it("are HMAC-SHA256 over label and interval, cut to 16 bytes", () => {
    const text = concatBytes(utf8("bluepost beacon id v1"), Uint8Array.of(0, 0, 1, 2));
    const wanted = toHex(nodeCrypto.hmacSha256(KEY, text).subarray(0, 16));
    expect(toHex(beaconId(nodeCrypto, KEY, 0x102))).toBe(wanted);
    expect(beaconId(nodeCrypto, KEY, 0x102)).toHaveLength(16);
  });

  it("of a token and of a beacon never agree, even with one key", () => {
    expect(toHex(tokenId(nodeCrypto, KEY, 5))).not.toBe(toHex(beaconId(nodeCrypto, KEY, 5)));
  });
});
