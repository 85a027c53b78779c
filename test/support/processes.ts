import { afterAll, onTestFinished } from "vitest";
import { killAllParts, Part, type PartOptions } from "./part.ts";

// Whatever a test of the importing file started is gone when that file ends, also after a failure or a time-out.
afterAll(killAllParts);

/**
 * Starts a product process and waits until it serves.
 *
 * Inside a test it is killed when the test ends; in a hook, when the file ends.
 *
 * @throws {Error} with its last output when it does not get ready
 */
export async function spawnPart(options: PartOptions): Promise<Part> {
  const part = startPart(options);
  await part.whenReady();
  return part;
}

/** Starts a process that may end before it is ready, for example under a power cut. */
export function startPart(options: PartOptions): Part {
  const part = new Part(options);
  part.start();
  killWhenTestEnds(part);
  return part;
}

function killWhenTestEnds(part: Part): void {
  try {
    onTestFinished(async () => void (await part.kill9()));
  } catch {
    // called in a hook, where there is no test: afterAll above takes over
  }
}

export { type Exit, Part, type PartOptions, type ReadyLine, runToEnd } from "./part.ts";
export { freePort, freePorts } from "./ports.ts";
export { tempFolder } from "./temp.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
