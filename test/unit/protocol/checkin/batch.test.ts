import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batch, decodeBatch, encodeBatch } from "../../../../protocol/checkin/batch.ts";
import {
  decodeReceipt,
  encodeReceipt,
  RECEIPT_KINDS,
  REJECTION_REASONS,
  type Receipt,
} from "../../../../protocol/checkin/receipt.ts";
import { decodeSignedTime, encodeSignedTime } from "../../../../protocol/checkin/signed-time.ts";
import { BluepostError } from "../../../../protocol/errors.ts";
import type { DeviceId, Epoch, SiteId } from "../../../../protocol/ids.ts";
import type { WallMs } from "../../../../protocol/units.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const key = {
  device: fc.stringMatching(/^[a-z0-9]{1,32}$/).map((text) => text as DeviceId),
  epoch: fc.stringMatching(/^[0-9a-f]{16}$/).map((text) => text as Epoch),
  stream: fc.constantFrom("c" as const, "p" as const),
};
const seq = fc.integer({ min: 1, max: 0xffff_0000 });
const range = fc.tuple(seq, fc.nat(1_000)).map(([from, more]) => [from, from + more] as const);

const batch: fc.Arbitrary<Batch> = fc
  .record({
    ...key,
    site: fc.stringMatching(/^[a-z0-9]{1,32}$/).map((text) => text as SiteId),
    from: seq,
    rows: fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 200 }),
    previousHash: bytes(32),
    sessions: fc.array(
      fc.record({ id: bytes(8), matchKeyId: bytes(8), matchEnc: bytes(32), vaultKeyId: bytes(8), vaultEnc: bytes(32) }),
      { maxLength: 4 },
    ),
  })
  .map((fields) => ({ ...fields, to: fields.from + fields.rows.length - 1 }));

const receipt: fc.Arbitrary<Receipt> = fc.record({
  ...key,
  kind: fc.constantFrom(...RECEIPT_KINDS).filter((kind) => kind !== ""),
  upto: fc.nat(0xffffffff),
  chainHash: bytes(32),
  missing: fc.array(range, { maxLength: 10 }),
  tombstoned: fc.array(range, { maxLength: 10 }),
  rejected: fc.array(
    fc.tuple(
      seq,
      fc.constantFrom(...REJECTION_REASONS).filter((reason) => reason !== ""),
    ),
    { maxLength: 10 },
  ),
  storeTimeMs: fc.nat().map((ms) => ms as WallMs),
  n: fc.nat(0xffffffff),
});

describe("what kiosk, gateway and engine send each other", () => {
  it("decodes a batch to what was encoded", () => {
    fc.assert(fc.property(batch, (value) => void expect(decodeBatch(encodeBatch(value))).toEqual(value)));
  });

  it("decodes a receipt to what was encoded", () => {
    fc.assert(fc.property(receipt, (value) => void expect(decodeReceipt(encodeReceipt(value))).toEqual(value)));
  });

  it("decodes signed time to what was encoded", () => {
    const time = fc.record({
      nonce: bytes(16),
      timeMs: fc.nat().map((ms) => ms as WallMs),
      uncertaintyMs: fc.nat(1_000_000),
    });
    fc.assert(fc.property(time, (value) => void expect(decodeSignedTime(encodeSignedTime(value))).toEqual(value)));
  });

  it.each([
    ["batch", decodeBatch],
    ["receipt", decodeReceipt],
    ["signed time", decodeSignedTime],
  ])("refuses other bytes for a %s with a typed error", (_, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(() => decode(noise)).toThrow(BluepostError);
      }),
    );
  });

  it("refuses a batch whose bounds and rows do not agree", () => {
    fc.assert(
      fc.property(
        batch,
        (value) => void expect(() => decodeBatch(encodeBatch({ ...value, to: value.to + 1 }))).toThrow(BluepostError),
      ),
    );
  });

  it("refuses CBOR that nests too deeply", () => {
    expect(() => decodeBatch(new Uint8Array(50_000).fill(0x81))).toThrow(BluepostError);
  });
});
