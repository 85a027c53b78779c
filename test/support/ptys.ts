import { Pty } from "../../sim/devices/pty.ts";

/** Why suites over pseudo terminals cannot run here, or "". Goes into their titles. */
export const noPtys: string = works() ? "" : "skipped: no pseudo terminals (needs /dev/ptmx, and perl or python3)";

function works(): boolean {
  try {
    Pty.open().close();
    return true;
  } catch {
    return false;
  }
}
