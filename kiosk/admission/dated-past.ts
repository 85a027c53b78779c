import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { VisitorPast } from "./decide.ts";

/** Dates what waits for a clock, if `now` is of one that is known and not earlier than that; else it is given back as it is. */
export function datedPast(past: VisitorPast, now: DeviceTime): VisitorPast {
  if (past.undated !== "until_clock" || now.state === "unsynced" || past.wallMs > now.wallMs) return past;
  const { direction, party, wallMs } = past;
  const boottimeMs = Math.min(0, now.boottimeMs - (now.wallMs - wallMs)) as BoottimeMs;
  return { direction, party, wallMs, boottimeMs };
}
