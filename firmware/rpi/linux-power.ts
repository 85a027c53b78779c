import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BluepostError } from "../../protocol/errors.ts";

/** This machine may not be restarted by the kiosk's user, or has no systemd. */
export class RebootRefusedError extends BluepostError {
  readonly code = "FW_REBOOT_REFUSED";
  readonly recovery = "drop";
}

/** Restarts the machine; resolves when systemd has taken it on. @throws {RebootRefusedError} FW_REBOOT_REFUSED */
export async function rebootMachine(): Promise<void> {
  try {
    await promisify(execFile)("systemctl", ["--no-ask-password", "reboot"], { timeout: 10_000 });
  } catch (cause) {
    throw new RebootRefusedError("systemd did not take on the restart", {}, { cause });
  }
}
