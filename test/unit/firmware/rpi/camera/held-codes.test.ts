import { describe, expect, it } from "vitest";
import { AWAY_MS, HeldCodes } from "../../../../../firmware/rpi/camera/held-codes.ts";

const a = Uint8Array.of(0x61, 0xff);
const b = Uint8Array.of(0x62);

describe("HeldCodes", () => {
  it("lets a code through once while it is held, for however long", () => {
    const held = new HeldCodes();
    const seen = Array.from({ length: 200 }, (_, n) => held.fresh([a], n * 100).length);
    expect(seen.reduce((sum, count) => sum + count)).toBe(1);
  });

  it("takes a short gap for a blurred frame, and a long one for a code that was taken away", () => {
    const held = new HeldCodes();
    held.fresh([a], 0);
    held.fresh([], AWAY_MS - 1);
    expect(held.fresh([a], AWAY_MS)).toEqual([]);
    held.fresh([], 2 * AWAY_MS);
    expect(held.fresh([a], 2 * AWAY_MS + 1)).toEqual([a]);
  });

  it("takes slow frames that all show the code for one holding", () => {
    const held = new HeldCodes();
    held.fresh([a], 0);
    expect(held.fresh([a], 3 * AWAY_MS)).toEqual([]);
  });

  it("tells two codes apart, in one frame or one after the other", () => {
    const held = new HeldCodes();
    expect(held.fresh([a, b], 0)).toEqual([a, b]);
    expect(held.fresh([b], 100)).toEqual([]);
    expect(held.fresh([Uint8Array.of(0x61, 0xfe)], 200)).toHaveLength(1);
  });
});
