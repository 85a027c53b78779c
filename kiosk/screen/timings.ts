import type { ResultCode } from "../../protocol/http/kiosk-screen.ts";

/**
 * How long each answer stays on the screen, milliseconds: 2 s when all is well, 3 s for a warning, 4 s when somebody is to be asked.
 *
 * A newer answer never waits for an older one. Source: house design, kiosk behaviour; pretix and open kiosk projects hold 2.5 to 3 s.
 */
export const HOLD_MS: Readonly<Record<ResultCode, number>> = {
  in_ok: 2_000,
  out_ok: 2_000,
  party_ok: 3_000,
  staff_ok: 3_000,
  already: 3_000,
  unknown_qr: 3_000,
  poster: 3_000,
  expired: 3_000,
  need_declare: 3_000,
  full: 4_000,
  see_staff: 4_000,
  fault: 4_000,
};
