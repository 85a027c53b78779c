/** Width, height and rate that a camera is asked for. */
export interface CameraMode {
  /**
   * Pixels, a multiple of {@link WIDTH_STEP}: then a row has no bytes behind its last pixel.
   * Source: raspberrypi/rpicam-apps#857 (a row of 2,028 pixels comes with padding).
   */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  readonly framesPerSecond: number;
}

/** Rows of the Pi's image processors end at a multiple of 64 bytes, of the half as wide colour planes too. */
export const WIDTH_STEP = 128;

/** Bytes of one frame in YUV420: brightness, then two colour planes of a quarter of the size. */
export function frameBytes({ width, height }: CameraMode): number {
  return (width * height * 3) / 2;
}

/** Cuts a stream of raw YUV420 frames into their brightness planes; colours are passed over without a copy. */
export class FrameCutter {
  readonly #lumaBytes: number;
  readonly #wholeBytes: number;
  #luma: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(mode: CameraMode) {
    this.#lumaBytes = mode.width * mode.height;
    this.#wholeBytes = frameBytes(mode);
    this.#luma = new Uint8Array(this.#lumaBytes);
  }

  /** @returns the brightness planes of the frames that are whole with this chunk; each has memory of its own */
  push(chunk: Uint8Array): readonly Uint8Array<ArrayBuffer>[] {
    const whole: Uint8Array<ArrayBuffer>[] = [];
    let from = 0;
    while (from < chunk.length) {
      const take = Math.min(chunk.length - from, this.#wholeBytes - this.#at);
      const bright = Math.min(take, this.#lumaBytes - this.#at);
      if (bright > 0) this.#luma.set(chunk.subarray(from, from + bright), this.#at);
      from += take;
      this.#at += take;
      if (this.#at < this.#wholeBytes) continue;
      whole.push(this.#luma);
      this.#luma = new Uint8Array(this.#lumaBytes);
      this.#at = 0;
    }
    return whole;
  }
}
