import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Timers } from "../../../runtime/timers.ts";
import { cameraArguments, whyEnded } from "./camera-command.ts";
import { type CameraMode, FrameCutter } from "./frame-cutter.ts";

/** A camera that gave no whole frame for so long hangs, milliseconds. */
export const STALL_MS = 10_000;
/** Time that the program has to end by itself, milliseconds. */
const END_MS = 2_000;
/** How much of the end of what the program said is kept, characters. */
const SAID_CHARACTERS = 4_096;

export interface CameraRun {
  readonly path: string;
  readonly mode: CameraMode;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Gets the brightness plane of each whole frame. */
  readonly frame: (luma: Uint8Array<ArrayBuffer>) => void;
}

/** Runs the camera's program once, until it ends, hangs or `signal` aborts. Never throws. @returns why it ended, in words for a technician */
export function runCamera(run: CameraRun): Promise<string> {
  const child = spawn(run.path, cameraArguments(run.mode), { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve) => {
    let why: string | null = null;
    const said = tailOf(child.stderr);
    const end = (reason: string): void => {
      why ??= reason;
      stop(child, run.timers);
    };
    const closed = (): void => end("closed");
    const watch = watchFrames(run, child.stdout, () => end("the camera gives no frames"));
    run.signal.addEventListener("abort", closed, { once: true });
    if (run.signal.aborted) closed();
    const ended = (reason: string): void => {
      watch.cancel();
      run.signal.removeEventListener("abort", closed);
      resolve(why ?? reason);
    };
    child.once("error", () => ended("the camera's program cannot be started"));
    child.once("close", (status) => ended(whyEnded(said(), status)));
  });
}

function watchFrames(run: CameraRun, output: Readable, stalled: () => void): { cancel(): void } {
  const cutter = new FrameCutter(run.mode);
  let cancel = run.timers.after(STALL_MS, stalled);
  output.on("data", (chunk: Uint8Array) => {
    for (const luma of cutter.push(chunk)) {
      cancel();
      cancel = run.timers.after(STALL_MS, stalled);
      run.frame(luma);
    }
  });
  return { cancel: () => cancel() };
}

function tailOf(stream: Readable): () => string {
  let said = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    said = `${said}${text}`.slice(-SAID_CHARACTERS);
  });
  return () => said;
}

function stop(child: ChildProcess, timers: Timers): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const cancel = timers.after(END_MS, () => child.kill("SIGKILL"));
  child.once("exit", cancel);
}
