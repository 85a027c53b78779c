import type { IndicatorSignal } from "../../firmware/ports/indicator.ts";
import type { ResultCode, ScreenResult } from "../../protocol/http/kiosk-screen.ts";
import type { ScanAnswer } from "../scan/scan-service.ts";

/** How long each answer stays, milliseconds (reference A2): 2 s when all is well, 3 s for a warning, 4 s for "see staff". */
const HOLD_MS: Readonly<Record<ResultCode, number>> = {
  in_ok: 2_000,
  out_ok: 2_000,
  party_ok: 3_000,
  already: 3_000,
  unknown_qr: 3_000,
  poster: 3_000,
  expired: 3_000,
  need_declare: 3_000,
  full: 4_000,
  see_staff: 4_000,
  fault: 4_000,
};

const SIGNALS: Readonly<Record<ResultCode, IndicatorSignal>> = {
  in_ok: "in",
  out_ok: "out",
  party_ok: "already",
  already: "already",
  unknown_qr: "unknown",
  poster: "unknown",
  expired: "denied",
  need_declare: "denied",
  full: "denied",
  see_staff: "denied",
  fault: "fault",
};

/** The light and sound for an answer. */
export function signalOf(code: ResultCode): IndicatorSignal {
  return SIGNALS[code];
}

/** What the screen shows for an answer. The masked identity lives in this value only, until `holdMs` has passed. */
export function resultOf(answer: ScanAnswer, frame: { readonly id: number; readonly online: boolean }): ScreenResult {
  const committed = answer.rows.length > 0;
  return {
    id: frame.id,
    code: answer.code,
    offline: committed && !frame.online,
    atMs: Math.max(0, Math.round(answer.atMs)),
    holdMs: HOLD_MS[answer.code],
    masked: answer.credential?.masked ?? null,
    party: answer.party,
    partyOpen: answer.code === "in_ok" && answer.party === 0,
    hint: answer.hint,
  };
}
