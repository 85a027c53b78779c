import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CameraMode, FrameCutter, frameBytes } from "../../../../../firmware/rpi/camera/frame-cutter.ts";

const mode: CameraMode = { width: 8, height: 4, framesPerSecond: 10 };
const LUMA = 32;

/** Frames whose brightness counts up from their number, and whose colours are 255. */
function stream(frames: number): Uint8Array {
  const bytes = new Uint8Array(frames * frameBytes(mode)).fill(255);
  for (let n = 0; n < frames; n += 1)
    for (let at = 0; at < LUMA; at += 1) bytes[n * frameBytes(mode) + at] = (n + at) % 200;
  return bytes;
}

function cut(chunks: readonly Uint8Array[]): number[][] {
  const cutter = new FrameCutter(mode);
  return chunks.flatMap((chunk) => cutter.push(chunk)).map((luma) => [...luma]);
}

describe("FrameCutter", () => {
  it("gives the brightness of each whole frame, and nothing of half a one", () => {
    const bytes = stream(3);
    expect(cut([bytes.subarray(0, bytes.length - 1)])).toEqual(
      [0, 1].map((n) => Array.from({ length: LUMA }, (_, at) => n + at)),
    );
  });

  it("gives the same frames in whatever pieces they come", () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 130 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), pieces, (frames, lengths) => {
        const bytes = stream(frames);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const length of lengths) {
          chunks.push(bytes.subarray(at, at + length));
          at += length;
        }
        chunks.push(bytes.subarray(at));
        expect(cut(chunks)).toEqual(cut([bytes]));
        expect(cut(chunks)).toHaveLength(frames);
      }),
    );
  });

  it("gives each frame memory of its own, also when the chunk is used again", () => {
    const cutter = new FrameCutter(mode);
    const chunk = stream(1);
    const [first] = cutter.push(chunk);
    const before = [...(first ?? [])];
    chunk.fill(9);
    cutter.push(chunk);
    expect([...(first ?? [])]).toEqual(before);
  });
});
