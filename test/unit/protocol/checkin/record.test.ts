import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../../protocol/cbor.ts";
import {
  type CheckinRecord,
  CLOCK_STATES,
  decodeRecord,
  EVIDENCE,
  encodeRecord,
  MAX_RECORD_OVERHEAD_BYTES,
  MAX_SEQ,
  SCHEMES,
} from "../../../../protocol/checkin/record.ts";
import { MalformedError, OutOfRangeError } from "../../../../protocol/errors.ts";
import type { BootId, Epoch, VenueId } from "../../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { runs } from "../../../support/property-runs.ts";

const hex = (digits: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const seq = fc.integer({ min: 1, max: MAX_SEQ });
const box = fc
  .integer({ min: 1, max: 5 })
  .chain((steps) => fc.uint8Array({ minLength: 64 * steps + 16, maxLength: 64 * steps + 16 }));
const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const identity = fc.record({
  session: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  index: fc.integer({ min: 0, max: 255 }),
  match: box,
  vault: fc.option(box, { nil: null }),
});

const base = {
  seq,
  venue: fc.stringMatching(/^[0-9abcdefghjkmnpqrstvwxyz]{8}$/).map((text) => text as VenueId),
  gate: fc.integer({ min: 0, max: 255 }),
  boot: hex(8).map((text) => text as BootId),
  boottimeMs: time.map((ms) => ms as BoottimeMs),
  wallMs: time.map((ms) => ms as WallMs),
  clock: fc.constantFrom(...CLOCK_STATES),
  uncertaintyMs: fc.integer({ min: 0, max: MAX_SEQ }),
  scheme: fc.constantFrom(...SCHEMES),
  party: fc.integer({ min: 0, max: 9 }),
  evidence: fc.constantFrom(...EVIDENCE),
};

const visit = fc.record({ ...base, kind: fc.constantFrom("in" as const, "out" as const), identity });
const annul = fc.record({ ...base, kind: fc.constant("annul" as const), annuls: seq });
const anchor = fc.record({ ...base, kind: fc.constant("anchor" as const) });
const tombstone = fc.record({
  ...base,
  kind: fc.constant("tombstone" as const),
  lost: fc
    .tuple(seq, seq)
    .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b), reason: "disk_full" as const })),
});
const anyRecord: fc.Arbitrary<CheckinRecord> = fc.oneof(visit, annul, anchor, tombstone);

describe("check-in record", () => {
  it("decodes to what was encoded", () => {
    fc.assert(fc.property(anyRecord, (record) => void expect(decodeRecord(encodeRecord(record))).toEqual(record)));
  });

  it("keeps the place it first stood in when it is issued again", () => {
    const reissued = fc
      .tuple(visit, hex(16), seq)
      .map(([record, epoch, at]) => ({ ...record, origin: { epoch: epoch as Epoch, seq: at } }));
    fc.assert(fc.property(reissued, (record) => void expect(decodeRecord(encodeRecord(record))).toEqual(record)));
  });

  it("takes at most 64 bytes outside the envelopes", () => {
    // The largest value of every field, at any time in the next 200 years.
    const bounded = visit.map((record) => ({ ...record, wallMs: (record.wallMs % 1e13) as WallMs }));
    fc.assert(
      fc.property(bounded, (record) => {
        const heads =
          encodeCbor(record.identity.match).length +
          (record.identity.vault ? encodeCbor(record.identity.vault).length : 0);
        expect(encodeRecord(record).length - heads).toBeLessThanOrEqual(MAX_RECORD_OVERHEAD_BYTES);
      }),
    );
  });

  it("refuses any other bytes with a typed error", () => {
    const mutated = fc.tuple(anyRecord, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([record, at, byte]) => {
      const bytes = encodeRecord(record);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated), (bytes) => {
        try {
          decodeRecord(bytes);
        } catch (fault) {
          expect(fault instanceof MalformedError || fault instanceof OutOfRangeError).toBe(true);
        }
      }),
      { numRuns: runs(2_000) },
    );
  });
});
