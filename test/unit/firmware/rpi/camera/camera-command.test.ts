import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cameraArguments, findCameraCommand, whyEnded } from "../../../../../firmware/rpi/camera/camera-command.ts";
import { tempFolder } from "../../../../support/temp.ts";

function program(folder: string, name: string, mode = 0o755): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, mode);
  return path;
}

describe("findCameraCommand", () => {
  it("takes rpicam-vid before its older name, wherever they are", async () => {
    const [first, second] = [join(tempFolder(), "a"), join(tempFolder(), "b")];
    const old = program(first, "libcamera-vid");
    expect(await findCameraCommand("auto", `${first}:${second}`)).toEqual({ kind: "found", path: old });
    const path = program(second, "rpicam-vid");
    expect(await findCameraCommand("auto", `:${first}:${second}`)).toEqual({ kind: "found", path });
  });

  it("says what to install when there is none, and names a path that is wrong", async () => {
    const folder = tempFolder();
    const none = await findCameraCommand("auto", folder);
    expect(none).toMatchObject({ kind: "missing", reason: expect.stringContaining("apt install") });
    const path = program(folder, "mine", 0o644);
    expect(await findCameraCommand(path)).toEqual({ kind: "missing", reason: `no program at ${path}` });
  });
});

describe("the camera's program", () => {
  it("is asked for raw frames without end, and for no window", () => {
    const words = cameraArguments({ width: 1_280, height: 960, framesPerSecond: 10 }).join(" ");
    expect(words).toBe(
      "--nopreview --timeout 0 --codec yuv420 --width 1280 --height 960 --framerate 10 --flush --output -",
    );
  });

  it("is told apart when it ends: no camera, a camera in other hands, anything else", () => {
    expect(whyEnded("x\nERROR: *** no cameras available ***\n", 255)).toContain("ribbon");
    expect(whyEnded("ERROR: *** failed to acquire camera /base/soc ***", 255)).toContain("another program");
    expect(whyEnded("", 3)).toContain("status 3");
    expect(whyEnded("", null)).toContain("stopped");
  });
});
