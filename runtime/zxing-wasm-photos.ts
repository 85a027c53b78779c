import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ReaderOptions } from "zxing-wasm/reader";
import { MalformedError } from "../protocol/errors.ts";

/** Largest photo that is read, bytes. */
export const MAX_PHOTO_BYTES = 32 * 1024 * 1024;

/** Most pixels that are read; a picture that claims more would need gigabytes. */
const MAX_PIXELS = 64_000_000;

/** One QR code found in a photo. */
export interface PhotoSymbol {
  /** The symbol's bytes, as a scanner would send them. */
  readonly bytes: Uint8Array;
}

/** Everything that costs time but finds more: a technician's photo is worth it. */
const OPTIONS: ReaderOptions = {
  formats: ["QRCode"],
  tryHarder: true,
  tryRotate: true,
  tryInvert: true,
  tryDownscale: true,
  maxNumberOfSymbols: 16,
  textMode: "Plain",
};

type Reader = typeof import("zxing-wasm/reader");
let loading: Promise<Reader> | null = null;

/**
 * Loads the reader at its first use (a kiosk's start should not wait for it), with its WebAssembly from the installed package: left
 * alone, the library would fetch that from the network.
 */
function reader(): Promise<Reader> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Reader> {
  const library = await import("zxing-wasm/reader");
  const file = createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm");
  library.prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(readFileSync(file)).buffer } });
  return library;
}

async function find(
  image: Parameters<Reader["readBarcodes"]>[0],
  options: ReaderOptions = OPTIONS,
): Promise<readonly PhotoSymbol[]> {
  const found = await (await reader()).readBarcodes(image, options);
  return found.filter(({ isValid }) => isValid).map((symbol) => ({ bytes: new Uint8Array(symbol.bytes) }));
}

/** What the first bytes of a file say that it is. */
export function photoKind(bytes: Uint8Array): "png" | "jpeg" | null {
  const starts = (...magic: readonly number[]): boolean => magic.every((byte, at) => bytes[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  return starts(0xff, 0xd8, 0xff) ? "jpeg" : null;
}

/** Width times height as the file claims; null when its header is not whole. */
function pixelsOf(bytes: Uint8Array, kind: "png" | "jpeg"): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (kind === "png") return bytes.length < 24 ? null : view.getUint32(16) * view.getUint32(20);
  for (let at = 2; at + 9 < bytes.length; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return view.getUint16(at + 5) * view.getUint16(at + 7);
  }
  return null;
}

/**
 * Finds the QR codes in a photo (PNG or JPEG), turned, mirrored or inverted as they may be.
 *
 * @returns in the order in which they were found; empty when there is none
 * @throws {MalformedError} PROTO_MALFORMED when the bytes are no photo, or one of more than 32 MiB or 64 million pixels
 */
export async function readPhoto(bytes: Uint8Array): Promise<readonly PhotoSymbol[]> {
  const kind = photoKind(bytes);
  const pixels = kind && pixelsOf(bytes, kind);
  if (!pixels || pixels > MAX_PIXELS || bytes.length > MAX_PHOTO_BYTES)
    throw new MalformedError("not a photo of a fitting size", { bytes: bytes.length, pixels: pixels ?? 0 });
  try {
    return await find(bytes);
  } catch (cause) {
    throw new MalformedError("the photo cannot be decoded", { bytes: bytes.length }, { cause });
  }
}

/** Pixels in RGBA, row by row from the top. */
export interface RgbaImage {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Finds the QR codes among pixels, as {@link readPhoto} does. */
export async function readPixels(image: RgbaImage): Promise<readonly PhotoSymbol[]> {
  return find(image as Parameters<Reader["readBarcodes"]>[0]);
}

/** Brightness of each pixel, row by row from the top without gaps: what a camera sees without its colours. */
export interface LumaImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A camera gives another frame soon, so only what costs little. */
const FRAME_OPTIONS: ReaderOptions = { ...OPTIONS, tryInvert: false, maxNumberOfSymbols: 4 };

/** Finds the QR codes in a camera's frame, in any turn; dark on light only. */
export async function readLuma({ data, width, height }: LumaImage): Promise<readonly PhotoSymbol[]> {
  // a PGM file: pixels in the library's own form would be four bytes each
  const head = new TextEncoder().encode(`P5\n${width} ${height}\n255\n`);
  const file = new Uint8Array(head.length + data.length);
  file.set(head);
  file.set(data, head.length);
  return find(file, FRAME_OPTIONS);
}
