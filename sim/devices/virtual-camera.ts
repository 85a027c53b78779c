import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { every, type Timers } from "../../runtime/timers.ts";
import type { Rng } from "../rng.ts";
import { type Picture, type Pose, pictureOfCode, takePicture } from "./camera-picture.ts";

export interface VirtualCameraOptions {
  /** Folder for the program and its socket; made when it is missing. */
  readonly folder: string;
  readonly rng: Rng;
  readonly timers: Timers;
  /** Bytes that are written at once; default: a whole frame. */
  readonly chunkBytes?: number;
}

/** How long a visitor holds a code up, and how long the next one takes to step up, milliseconds. */
const HOLD_MS = 900;
const NEXT_MS = 300;

/** What the program in {@link VirtualCamera.command} was asked for. */
interface Asked {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

/**
 * The program that stands in for `rpicam-vid`: passes on what the virtual camera sends, and says what the real one says when there
 * is none. Source of the words: rpicam-apps, core/rpicam_app.cpp.
 */
const PROGRAM = (node: string, socket: string): string => `#!${node}
const line = require("node:net").connect(${JSON.stringify(socket)});
const valueOf = (name) => Number(process.argv[process.argv.indexOf(name) + 1]);
const fail = (words) => { process.stderr.write(words + "\\n"); process.exit(255); };
line.on("error", () => fail("ERROR: *** no cameras available ***"));
line.on("connect", () => line.write(JSON.stringify([valueOf("--width"), valueOf("--height"), valueOf("--framerate")])));
line.on("close", () => fail("ERROR: *** Device timeout detected, attempting a restart!!! ***"));
process.stdout.on("error", () => process.exit(0));
line.pipe(process.stdout);
`;

/** A camera whose lens sees what a test holds before it. Its {@link VirtualCamera.command} is run in the place of `rpicam-vid`. */
export class VirtualCamera {
  readonly #options: VirtualCameraOptions;
  readonly #lines = new Set<Socket>();
  #server: Server | null = null;
  #frame: { readonly asked: string; readonly bytes: Buffer } | null = null;
  #scene: { readonly picture: Picture | null; readonly pose: Pose } = { picture: null, pose: {} };
  #stalled = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: VirtualCameraOptions) {
    this.#options = options;
  }

  /** Path of the program. */
  get command(): string {
    return join(this.#options.folder, "rpicam-vid");
  }

  /** Puts the camera into its socket, and writes its program. */
  plug(): void {
    const { folder } = this.#options;
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.command, PROGRAM(process.execPath, this.#socket));
    chmodSync(this.command, 0o755);
    rmSync(this.#socket, { force: true });
    this.#server = createServer((line) => this.#serve(line));
    this.#server.listen(this.#socket);
  }

  /** Pulls the ribbon: the program ends with a message, and says that there is no camera when it is run again. */
  unplug(): void {
    this.#server?.close();
    this.#server = null;
    rmSync(this.#socket, { force: true });
    this.crash();
  }

  /** Holds a code before the lens as long as a visitor does, after those who came before; resolves when it was taken away. */
  present(payload: string | Uint8Array): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      this.show(payload);
      await this.#pass(HOLD_MS);
      this.clear();
      await this.#pass(NEXT_MS);
    });
    return this.#queue;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(ms, resolve);
    });
  }

  /** Shows a code to the lens until something else is shown. */
  show(payload: string | Uint8Array, pose: Pose = {}): void {
    this.showPicture(pictureOfCode(payload), pose);
  }

  showPicture(picture: Picture, pose: Pose = {}): void {
    this.#scene = { picture, pose };
    this.#frame = null;
  }

  /** Takes away what was shown. */
  clear(): void {
    this.#scene = { picture: null, pose: {} };
    this.#frame = null;
  }

  /** Lets the camera hang: its program runs and sends nothing; `false` lets it go on. */
  stall(stalled = true): void {
    this.#stalled = stalled;
  }

  /** Ends the program; it may be run again. */
  crash(): void {
    for (const line of this.#lines) line.destroy();
  }

  /** Ends the program in the middle of a frame. */
  crashInFrame(): void {
    for (const line of this.#lines) line.end(Buffer.alloc(1_001, 7));
  }

  /** Sends bytes that are no frame; what follows is cut in the wrong place. */
  garble(bytes: Uint8Array): void {
    for (const line of this.#lines) line.write(bytes);
  }

  get #socket(): string {
    return join(this.#options.folder, "camera.sock");
  }

  #serve(line: Socket): void {
    this.#lines.add(line);
    let stop = (): void => {};
    line.on("error", () => undefined); // the program was stopped
    line.once("close", () => {
      this.#lines.delete(line);
      stop();
    });
    line.once("data", (words) => {
      const asked = askedOf(words.toString("utf8"));
      if (asked) stop = every(this.#options.timers, 1_000 / asked.framesPerSecond, () => this.#send(line, asked));
      else line.destroy();
    });
  }

  /** Sends the newest frame; like the real camera it leaves one out when the last was not taken yet. */
  #send(line: Socket, asked: Asked): void {
    if (this.#stalled || line.writableNeedDrain || line.destroyed) return;
    const bytes = this.#frameFor(asked);
    const step = this.#options.chunkBytes ?? bytes.length;
    for (let at = 0; at < bytes.length; at += step) line.write(bytes.subarray(at, at + step));
  }

  /** Without noise a scene gives the same frame again and again. */
  #frameFor(asked: Asked): Buffer {
    const { picture, pose } = this.#scene;
    const key = JSON.stringify(asked);
    if (this.#frame?.asked === key && !pose.noise) return this.#frame.bytes;
    const { width, height } = asked;
    const luma = takePicture(picture, { width, height, pose, rng: this.#options.rng });
    const bytes = Buffer.concat([luma, Buffer.alloc((width * height) / 2, 128)]);
    this.#frame = { asked: key, bytes };
    return bytes;
  }
}

/** @returns null when the program was called as no camera's program is */
function askedOf(words: string): Asked | null {
  const [width, height, framesPerSecond] = JSON.parse(words) as (number | null)[];
  return width && height && framesPerSecond ? { width, height, framesPerSecond } : null;
}
