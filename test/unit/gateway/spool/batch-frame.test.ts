import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type BatchHead, readBatchFrame } from "../../../../gateway/spool/batch-frame.ts";
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
    expect(frame).toMatchObject({ head: { site, device: name, epoch, stream }, from, to });
    expect(Buffer.from(frame.previousHash)).toEqual(Buffer.from(previousHash));
    expect(Buffer.from(frame.hash)).toEqual(Buffer.from(made.hash));
    const { length } = made.payload;
    expect(Buffer.from(made.bytes).indexOf(Buffer.from(made.payload))).toBe(
      frame.head.prefix.length + (length > 255 ? 3 : 2),
    );
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

  it("reads the same with a known beginning as without, whatever it reads", async () => {
    const other = await device.batch([{ kind: "out" }]);
    const heads = [made, other].map(({ bytes }) => readBatchFrame(nodeCrypto, bytes).head);
    const stranger = await (await makeDevice(await makeAuthority())).batch([{ kind: "out" }]);
    const messages = fc.constantFrom(made.bytes, other.bytes, stranger.bytes);
    const changes = fc.array(fc.tuple(fc.nat(made.bytes.length - 1), fc.nat(255)), { maxLength: 2 });
    fc.assert(
      fc.property(messages, changes, fc.constantFrom(...heads), (message, changes, known) => {
        const bytes = Uint8Array.from(message);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expect(outcome(bytes, known)).toBe(outcome(bytes, null));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("gives the known beginning back when a message begins with it, and another one when not", async () => {
    const { head } = readBatchFrame(nodeCrypto, made.bytes);
    const next = await device.batch([{ kind: "out" }]);
    expect(readBatchFrame(nodeCrypto, next.bytes, head).head).toBe(head);
    const stranger = await (await makeDevice(await makeAuthority())).batch([{ kind: "out" }]);
    expect(readBatchFrame(nodeCrypto, stranger.bytes, head).head).not.toBe(head);
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

/** What reading finds, or the code of its fault. */
function outcome(bytes: Uint8Array, known: BatchHead | null): string {
  try {
    const { head, from, to, hash, previousHash } = readBatchFrame(nodeCrypto, bytes, known);
    const { site, device, epoch, stream, prefix, names } = head;
    const found = [prefix, names, hash, previousHash].map((part) => Buffer.from(part).toString("base64"));
    return [site, device, epoch, stream, from, to, ...found].join(" ");
  } catch (fault) {
    if (fault instanceof BluepostError) return fault.code;
    throw fault;
  }
}
