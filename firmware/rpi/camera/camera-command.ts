import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { CameraMode } from "./frame-cutter.ts";

/** The camera program of Raspberry Pi OS, and its name before 2024. */
const COMMANDS = ["rpicam-vid", "libcamera-vid"] as const;

/** Where the camera's program is, or why there is none, in words for a technician. */
export type CameraCommand =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/**
 * Finds the program that gives the camera's frames. Never throws.
 *
 * @param command its path, or `auto`: the first of `rpicam-vid` and `libcamera-vid` that is on `searchPath`
 * @param searchPath folders as in the environment's PATH
 */
export async function findCameraCommand(
  command: string,
  searchPath = process.env["PATH"] ?? "",
): Promise<CameraCommand> {
  if (command !== "auto") {
    if (await runs(command)) return { kind: "found", path: command };
    return { kind: "missing", reason: `no program at ${command}` };
  }
  const folders = searchPath.split(delimiter).filter((folder) => folder !== "");
  for (const path of COMMANDS.flatMap((name) => folders.map((folder) => join(folder, name))))
    if (await runs(path)) return { kind: "found", path };
  return { kind: "missing", reason: "rpicam-vid is not installed; run apt install rpicam-apps-lite" };
}

async function runs(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What the camera's program is called with: raw frames on its output, until it is stopped. Source: rpicam-vid --help. */
export function cameraArguments({ width, height, framesPerSecond }: CameraMode): readonly string[] {
  const mode = { width, height, framerate: framesPerSecond };
  const flags = Object.entries(mode).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return ["--nopreview", "--timeout", "0", "--codec", "yuv420", ...flags, "--flush", "--output", "-"];
}

/** Why the program ended, in words for a technician, by the end of what it said. Its words themselves name no person. */
export function whyEnded(said: string, status: number | null): string {
  if (/no cameras available/i.test(said)) return "no camera is connected, or its ribbon cable sits loose";
  if (/in use|busy|failed to acquire/i.test(said)) return "another program holds the camera";
  return status === null ? "the camera's program was stopped" : `the camera's program ended with status ${status}`;
}
