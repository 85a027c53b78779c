import { CameraQrScanner } from "../../firmware/rpi/camera-qr-scanner.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { systemTimers, type Timers } from "../../runtime/timers.ts";
import { VirtualCamera } from "../../sim/devices/virtual-camera.ts";
import { createRng } from "../../sim/rng.ts";
import { tempFolder } from "./temp.ts";

export interface CameraTestOptions {
  /** The adapter's own. */
  readonly timers?: Timers;
  /** Bytes that the camera's program writes at once. */
  readonly chunkBytes?: number;
  /** The adapter's clock, milliseconds. */
  readonly boottime?: () => number;
}

/** A virtual camera that is plugged in, and the product's adapter that runs its program. */
export function cameraAndScanner({
  timers = systemTimers,
  chunkBytes,
  boottime = () => Math.floor(performance.now()),
}: CameraTestOptions = {}): {
  readonly camera: VirtualCamera;
  readonly scanner: CameraQrScanner;
} {
  const pieces = chunkBytes === undefined ? {} : { chunkBytes };
  const rng = createRng("camera");
  const camera = new VirtualCamera({ folder: tempFolder(), rng, timers: systemTimers, ...pieces });
  camera.plug();
  const scanner = new CameraQrScanner(
    { command: camera.command, width: 1_280, height: 960, framesPerSecond: 20 },
    { boottime: () => boottime() as BoottimeMs, timers, logger: silentLogger },
  );
  return { camera, scanner };
}
