import { succeeds } from "../../runtime/disk-check.ts";
import type { FunctionCheck } from "../../runtime/service-manager.ts";

/** What the watchdog of a kiosk looks at. */
export interface KioskFunctions {
  /** Resolves when the ledger answers a question and no flush of it has failed: its worker is not stuck on the card. */
  readonly ledgerAnswers: () => Promise<unknown>;
  /** The card's own check. */
  readonly disk: FunctionCheck;
  readonly scannerPresent: () => boolean;
  /** Monotonic, milliseconds. */
  readonly nowMs: () => number;
}

/** Long enough to plug a cable in again. */
const SCANNER_GONE_MS = 600_000;

/**
 * Makes the check of a kiosk: ledger, card, scanner.
 *
 * A scanner that was here and has been gone for ten minutes counts as a fault once: the restart opens everything anew, and a kiosk
 * that starts without a scanner serves on by its poster code. So a cable that was pulled never makes a door restart for ever.
 */
export function kioskCheck({ ledgerAnswers, disk, scannerPresent, nowMs }: KioskFunctions): FunctionCheck {
  let seenMs: number | null = null;
  const scanner = (): string | null => {
    const now = nowMs();
    if (scannerPresent()) seenMs = now;
    return seenMs !== null && now - seenMs >= SCANNER_GONE_MS ? "the scanner has been gone for ten minutes" : null;
  };
  return async () => {
    if (!(await succeeds(ledgerAnswers))) return "the ledger does not answer";
    return (await disk()) ?? scanner();
  };
}
