import type { IndicatorSignal } from "../../firmware/ports/indicator.ts";
import type { ResultCode, ScreenResult } from "../../protocol/http/kiosk-screen.ts";
import type { ScanAnswer } from "../scan/scan-service.ts";
import { HOLD_MS } from "./timings.ts";

const SIGNALS: Readonly<Record<ResultCode, IndicatorSignal>> = {
  in_ok: "in",
  out_ok: "out",
  party_ok: "already",
  staff_ok: "already",
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

/** What an answer does not know of itself. */
export interface ResultFrame {
  readonly id: number;
  /** Whether the gateway can be reached. */
  readonly online: boolean;
  /** How long companions may still be added to a visitor, milliseconds. */
  readonly partyMs: number;
}

/** What the screen shows for an answer. The masked identity lives in this value only, until `holdMs` has passed. */
export function resultOf(answer: ScanAnswer, frame: ResultFrame): ScreenResult {
  const committed = answer.rows.length > 0;
  const partyOpen = answer.code === "in_ok" && answer.party === 0;
  return {
    id: frame.id,
    code: answer.code,
    offline: committed && !frame.online,
    atMs: Math.max(0, Math.round(answer.atMs)),
    timeKnown: answer.timeKnown,
    holdMs: HOLD_MS[answer.code],
    masked: answer.credential?.masked ?? null,
    party: answer.party,
    partyOpen,
    partyMs: partyOpen ? frame.partyMs : 0,
    hint: answer.hint,
  };
}
