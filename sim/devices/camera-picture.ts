import { createRequire } from "node:module";
import QRCode from "qrcode";
import type { Rng } from "../rng.ts";

/** Brightness of each pixel, 0 black to 255 white, row by row from the top. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How a picture is held before a lens. */
export interface Pose {
  /** Turn, degrees clockwise; default 0. */
  readonly degrees?: number;
  /** Share of the frame's shorter side that the picture's longer side takes, 0 to 1; default 0.95. */
  readonly share?: number;
  /** Radius of the blur, pixels of the frame; default 0. */
  readonly blur?: number;
  /** Standard deviation of the noise, steps of brightness; default 0. */
  readonly noise?: number;
}

const QUIET_ZONE = 4;
/** Brightness around a picture: a wall in a shaded entrance. */
const WALL = 160;
const PAPER = 235;
const INK = 25;

/** Draws the smallest QR code that holds a payload, one pixel a module, with its quiet zone. Text goes in as UTF-8. */
export function pictureOfCode(payload: string | Uint8Array): Picture {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const digits = typeof payload === "string" && /^\d+$/.test(payload);
  const content = digits ? payload : [{ data: bytes, mode: "byte" as const }];
  const { modules } = QRCode.create(content, { errorCorrectionLevel: bytes.length > 1_000 ? "L" : "M" });
  const side = modules.size + 2 * QUIET_ZONE;
  const data = new Uint8Array(side * side).fill(PAPER);
  for (let y = 0; y < modules.size; y += 1)
    for (let x = 0; x < modules.size; x += 1)
      if (modules.get(y, x)) data[(y + QUIET_ZONE) * side + x + QUIET_ZONE] = INK;
  return { data, width: side, height: side };
}

interface PngReader {
  readonly PNG: {
    readonly sync: { read(bytes: Uint8Array): { data: Uint8Array; width: number; height: number } };
  };
}

/** Reads a PNG file's brightness, over the reader that the package `qrcode` brings. */
export function pictureOfPng(bytes: Uint8Array): Picture {
  const fromHere = createRequire(import.meta.url);
  const { PNG } = createRequire(fromHere.resolve("qrcode"))("pngjs") as PngReader;
  const { data: rgba, width, height } = PNG.sync.read(bytes);
  const at = (index: number): number => rgba[index] ?? 0;
  // Source: ITU-R BT.601, the weights of a camera's own YUV
  const data = Uint8Array.from({ length: width * height }, (_, pixel) =>
    Math.round(0.299 * at(pixel * 4) + 0.587 * at(pixel * 4 + 1) + 0.114 * at(pixel * 4 + 2)),
  );
  return { data, width, height };
}

/** The frame's brightness when a picture is held before the lens in a pose; null: nothing is held there. */
export function takePicture(
  picture: Picture | null,
  { width, height, pose, rng }: { width: number; height: number; pose: Pose; rng: Rng },
): Uint8Array {
  const frame = new Uint8Array(width * height).fill(WALL);
  if (picture) place(picture, { data: frame, width, height }, pose);
  const soft = blurred({ data: frame, width, height }, Math.round(pose.blur ?? 0));
  const { noise = 0 } = pose;
  return noise === 0 ? soft : soft.map((value) => Math.max(0, Math.min(255, value + noise * rng.gaussian())));
}

/** Finds for each pixel of the frame the one of the picture that it shows: nearest for a code, whose edges are sharp. */
function place(picture: Picture, frame: Picture, { degrees = 0, share = 0.95 }: Pose): void {
  const turn = (degrees * Math.PI) / 180;
  const scale = Math.max(picture.width, picture.height) / (share * Math.min(frame.width, frame.height));
  const [cos, sin] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  const [midX, midY] = [frame.width / 2, frame.height / 2];
  const data = frame.data;
  for (let y = 0; y < frame.height; y += 1) {
    for (let x = 0; x < frame.width; x += 1) {
      const [dx, dy] = [x + 0.5 - midX, y + 0.5 - midY];
      const fromX = Math.floor(picture.width / 2 + dx * cos + dy * sin);
      const fromY = Math.floor(picture.height / 2 - dx * sin + dy * cos);
      if (fromX < 0 || fromY < 0 || fromX >= picture.width || fromY >= picture.height) continue;
      data[y * frame.width + x] = picture.data[fromY * picture.width + fromX] ?? WALL;
    }
  }
}

/** Blurs rows, then columns, with a box. */
function blurred({ data, width, height }: Picture, radius: number): Uint8Array {
  if (radius === 0) return data;
  const rows = boxed(data, { lines: height, length: width, next: 1, nextLine: width, radius });
  return boxed(rows, { lines: width, length: height, next: width, nextLine: 1, radius });
}

interface Box {
  readonly lines: number;
  readonly length: number;
  readonly next: number;
  readonly nextLine: number;
  readonly radius: number;
}

function boxed(data: Uint8Array, { lines, length, next, nextLine, radius }: Box): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let line = 0; line < lines; line += 1) {
    const value = (at: number): number => data[line * nextLine + Math.max(0, Math.min(length - 1, at)) * next] ?? 0;
    let sum = 0;
    for (let at = -radius; at <= radius; at += 1) sum += value(at);
    for (let at = 0; at < length; at += 1) {
      result[line * nextLine + at * next] = sum / (2 * radius + 1);
      sum += value(at + radius + 1) - value(at - radius);
    }
  }
  return result;
}
