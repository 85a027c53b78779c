import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../../protocol/cbor.ts";
import { pad } from "../../../../protocol/checkin/envelope.ts";
import {
  decodePresence,
  encodePresence,
  RADIO_ID_BYTES,
  RADIO_SCHEMES,
} from "../../../../protocol/checkin/presence.ts";
import { SCHEMES } from "../../../../protocol/checkin/record.ts";
import { BluepostError } from "../../../../protocol/errors.ts";
import { DAY_MS, type Dbm } from "../../../../protocol/units.ts";

const dbm = fc.integer({ min: -127, max: 20 }).map((value) => value as Dbm);
const content = fc.constantFrom(...RADIO_SCHEMES).chain((scheme) =>
  fc
    .record({
      scheme: fc.constant(scheme),
      id: fc.uint8Array({ minLength: RADIO_ID_BYTES[scheme], maxLength: RADIO_ID_BYTES[scheme] }),
      durationMs: fc.integer({ min: 0, max: DAY_MS - 1 }),
      n: fc.integer({ min: 1, max: 0xffffff }),
      rssi: fc.tuple(dbm, dbm),
      txPower: fc.option(dbm, { nil: null }),
      metadata: fc.option(fc.uint8Array({ maxLength: 8 }), { nil: null }),
    })
    .map(({ rssi: [a, b], ...rest }) => ({ ...rest, rssiMax: Math.max(a, b) as Dbm, rssiMean: Math.min(a, b) as Dbm })),
);

describe("presence session", () => {
  it("decodes to what was encoded, and always fills 64 bytes", () => {
    fc.assert(
      fc.property(content, (session) => {
        const text = encodePresence(session);
        expect(text).toHaveLength(64);
        expect(decodePresence(text)).toEqual(session);
      }),
    );
  });

  it.each([
    ["an identifier of another length", [9, new Uint8Array(15), 0, 1, -50, -50, null, null]],
    ["a document's scheme", [SCHEMES.indexOf("cccd"), new Uint8Array(16), 0, 1, -50, -50, null, null]],
    ["a mean above the maximum", [9, new Uint8Array(16), 0, 1, -50, -49, null, null]],
    ["no sighting", [9, new Uint8Array(16), 0, 0, -50, -50, null, null]],
    ["a day", [9, new Uint8Array(16), DAY_MS, 1, -50, -50, null, null]],
    ["too few fields", [9, new Uint8Array(16)]],
  ])("refuses %s", (_, fields) => {
    expect(() => decodePresence(pad(encodeCbor(fields)))).toThrow(BluepostError);
  });
});
