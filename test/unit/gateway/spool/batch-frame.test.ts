import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readBatchFrame } from "../../../../gateway/spool/batch-frame.ts";
import { encodeBatch } from "../../../../protocol/checkin/batch.ts";
import { BluepostError, MalformedError } from "../../../../protocol/errors.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { type MadeBatch, makeAuthority, makeDevice, type TestDevice } from "../../../support/batches.ts";
import { runs } from "../../../support/property-runs.ts";

describe("readBatchFrame", () => {
  let device: TestDevice;
  let made: MadeBatch;

  beforeAll(async () => {
    device = await makeDevice(await makeAuthority());
    made = await device.batch([{ who: { scheme: "cccd", id: "001099012345" } }, { kind: "anchor" }, { kind: "out" }]);
  });

  it("reads the same header and payload as the full decoders", () => {
    const frame = readBatchFrame(nodeCrypto, made.bytes);
    const { site, device: name, epoch, stream, from, to, previousHash } = made.batch;
    expect(frame).toMatchObject({ site, device: name, epoch, stream, from, to });
    expect(Buffer.from(frame.previousHash)).toEqual(Buffer.from(previousHash));
    expect(Buffer.from(frame.hash)).toEqual(Buffer.from(made.hash));
    const { length } = made.payload;
    expect(Buffer.from(made.bytes).indexOf(Buffer.from(made.payload))).toBe(frame.prefixBytes + (length > 255 ? 3 : 2));
  });

  it("reads batches of every size and position", async () => {
    const seqs = fc.integer({ min: 1, max: 0xffffff00 });
    const rows = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(seqs, rows, async (from, encoded) => {
        const batch = { ...made.batch, from, to: from + encoded.length - 1, rows: encoded };
        const frame = readBatchFrame(nodeCrypto, await device.sign(encodeBatch(batch)));
        expect([frame.from, frame.to]).toEqual([batch.from, batch.to]);
      }),
      { numRuns: runs(40) },
    );
  });

  it("refuses rows that do not match the bounds", async () => {
    const payload = encodeBatch({ ...made.batch, to: made.batch.to + 1 });
    const message = await device.sign(payload);
    expect(() => readBatchFrame(nodeCrypto, message)).toThrow(MalformedError);
  });

  it("refuses bytes after the message", () => {
    expect(() => readBatchFrame(nodeCrypto, Buffer.concat([made.bytes, Buffer.of(0)]))).toThrow(MalformedError);
  });

  it("refuses every shortened message", () => {
    for (let length = 0; length < made.bytes.length; length += 1) {
      expect(() => readBatchFrame(nodeCrypto, made.bytes.subarray(0, length))).toThrow(BluepostError);
    }
  });

  it("answers any bytes with a frame or a typed fault, in bounded time", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expectTypedFault(bytes);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("answers any change of a good message with a frame or a typed fault", () => {
    const places = fc.array(fc.tuple(fc.nat(made.bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(places, (changes) => {
        const bytes = Uint8Array.from(made.bytes);
        for (const [at, value] of changes) bytes[at] = value;
        expectTypedFault(bytes);
      }),
      { numRuns: runs(3_000) },
    );
  });

  it("does not follow lengths that reach past the end or nest without end", () => {
    expectTypedFault(Uint8Array.of(0xd2, 0x84, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    expectTypedFault(Uint8Array.of(0x84, 0x40, 0xbb, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    expectTypedFault(new Uint8Array(100_000).fill(0x81));
    expectTypedFault(Uint8Array.from([0x84, 0x40, ...new Array<number>(90_000).fill(0xa1)]));
  });
});

function expectTypedFault(bytes: Uint8Array): void {
  try {
    readBatchFrame(nodeCrypto, bytes);
  } catch (fault) {
    expect(fault).toBeInstanceOf(BluepostError);
  }
}
