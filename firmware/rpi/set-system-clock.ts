import { execFile } from "node:child_process";
import type { WallMs } from "../../protocol/units.ts";

/** Where the helper's unit is asked for; a fixed path, so that no PATH of this process counts. */
const SYSTEMCTL = "/usr/bin/systemctl";
const TIMEOUT_MS = 15_000;

/**
 * Sets the system's clock by way of the helper `bluepost-set-clock@`, whose only job it is: this process has no right to.
 *
 * systemd starts the helper with one argument, the time in milliseconds since 1970, and polkit lets the kiosk's user ask for that
 * one unit. The helper itself refuses a time from before its own build.
 *
 * @returns whether the clock is set; false where there is no helper, no systemd, or the helper refused
 */
export function setSystemClock(wallMs: WallMs): Promise<boolean> {
  const unit = `bluepost-set-clock@${Math.round(wallMs)}.service`;
  return new Promise((resolve) => {
    execFile(SYSTEMCTL, ["--no-ask-password", "start", unit], { timeout: TIMEOUT_MS }, (fault) => resolve(!fault));
  });
}
