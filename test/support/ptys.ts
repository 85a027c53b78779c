import { Pty } from "../../sim/devices/pty.ts";

/** Whether this machine gives no pseudo terminals; tests that need them say so and are skipped. */
export const ptysMissing = !works();

function works(): boolean {
  try {
    Pty.open().close();
    return true;
  } catch {
    return false;
  }
}
