import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeStickFile, RECEIPTS_SUFFIX } from "../../protocol/checkin/outbox-file.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import { applyReceipt, openReceipt, type ReceiptKeys } from "../uplink/receipts.ts";

/** What became of the receipts on a stick. */
export interface ImportedReceipts {
  /** Check-ins up to this one are confirmed by the engine now. */
  readonly confirmedUpto: number;
  readonly applied: number;
  /** Receipts of another kiosk or epoch, or not by our engine. */
  readonly ignored: number;
}

/** Applies the receipts that the gateway wrote to a stick; each is verified as if it had come over the network. */
export async function importReceipts(
  log: CheckinLog,
  from: { readonly folder: string; readonly keys: ReceiptKeys },
): Promise<ImportedReceipts> {
  const bytes = new Uint8Array(await readFile(join(from.folder, `${log.key.device}${RECEIPTS_SUFFIX}`)));
  let [applied, ignored] = [0, 0];
  for (const message of decodeStickFile(bytes).messages) {
    if (await isApplied(log, message, from.keys)) applied += 1;
    else ignored += 1;
  }
  return { confirmedUpto: log.watermark.upto, applied, ignored };
}

async function isApplied(log: CheckinLog, message: Uint8Array, keys: ReceiptKeys): Promise<boolean> {
  try {
    const receipt = await openReceipt(message, keys);
    return (await applyReceipt(receipt.stream === "p" ? log.presence : log, receipt)).kind === "confirmed";
  } catch (fault) {
    if (!(fault instanceof BluepostError) || fault.recovery !== "drop") throw fault;
    return false; // counted: a stick may carry anything
  }
}
