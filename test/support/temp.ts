import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes a folder that goes away when the test ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
