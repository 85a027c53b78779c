import { parentPort } from "node:worker_threads";
import { type LumaImage, readLuma } from "../../../runtime/zxing-wasm-photos.ts";

/** What the worker answers to each frame. */
export interface DecodedFrame {
  readonly codes: readonly Uint8Array[];
}

const port = parentPort;
port?.on("message", (frame: LumaImage) => {
  readLuma(frame).then(
    (found) => port.postMessage({ codes: found.map(({ bytes }) => bytes) } satisfies DecodedFrame),
    () => port.postMessage({ codes: [] } satisfies DecodedFrame), // a frame that the library chokes on shows nothing
  );
});
