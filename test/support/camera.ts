import { CameraQrScanner } from "../../firmware/rpi/camera-qr-scanner.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { systemTimers, type Timers } from "../../runtime/timers.ts";
import { VirtualCamera } from "../../sim/devices/virtual-camera.ts";
import { createRng } from "../../sim/rng.ts";
import { tempFolder } from "./temp.ts";

/** A virtual camera that is plugged in, and the product's adapter that runs its program. */
export function cameraAndScanner({
  timers = systemTimers,
  chunkBytes,
}: {
  readonly timers?: Timers;
  readonly chunkBytes?: number;
} = {}): {
  readonly camera: VirtualCamera;
  readonly scanner: CameraQrScanner;
} {
  const pieces = chunkBytes === undefined ? {} : { chunkBytes };
  const rng = createRng("camera");
  const camera = new VirtualCamera({ folder: tempFolder(), rng, timers: systemTimers, ...pieces });
  camera.plug();
  const scanner = new CameraQrScanner(
    { command: camera.command, width: 1_280, height: 960, framesPerSecond: 20 },
    { boottime: () => Math.floor(performance.now()) as BoottimeMs, timers, logger: silentLogger },
  );
  return { camera, scanner };
}
