import { createRequire } from "node:module";
import type { RgbaImage } from "../../runtime/zxing-wasm-photos.ts";

/** The PNG reader and writer that the package `qrcode` brings; it has no types of its own. */
interface PngLibrary {
  readonly PNG: {
    readonly sync: {
      read(bytes: Uint8Array): { readonly data: Uint8Array; readonly width: number; readonly height: number };
      write(image: { readonly data: Uint8Array; readonly width: number; readonly height: number }): Uint8Array;
    };
  };
}

function library(): PngLibrary["PNG"]["sync"] {
  const fromHere = createRequire(import.meta.url);
  const { PNG } = createRequire(fromHere.resolve("qrcode"))("pngjs") as PngLibrary;
  return PNG.sync;
}

/** Decodes a PNG into pixels. */
export function pixelsOfPng(bytes: Uint8Array): RgbaImage {
  const { data, width, height } = library().read(bytes);
  return { data: Uint8ClampedArray.from(data), width, height };
}

/** Encodes pixels as a PNG. */
export function pngOf({ data, width, height }: RgbaImage): Uint8Array {
  return library().write({ data: Buffer.from(data), width, height });
}

/** Turns an image by quarters of a turn, clockwise. */
export function turned(image: RgbaImage, quarters: number): RgbaImage {
  let turning = image;
  for (let step = 0; step < quarters; step += 1) turning = quarterTurn(turning);
  return turning;
}

function quarterTurn({ data, width, height }: RgbaImage): RgbaImage {
  const from = new Uint32Array(data.slice().buffer);
  const to = new Uint32Array(from.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) to[x * height + (height - 1 - y)] = from[y * width + x] ?? 0;
  }
  return { data: new Uint8ClampedArray(to.buffer), width: height, height: width };
}

/** Swaps dark and light. */
export function inverted({ data, width, height }: RgbaImage): RgbaImage {
  return { data: data.map((value, at) => (at % 4 === 3 ? value : 255 - value)), width, height };
}
