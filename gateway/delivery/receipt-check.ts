import { fromBase64Url } from "../../protocol/bytes.ts";
import { decodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { type CoseKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { SpooledBatch } from "../spool/spool.ts";

/** A receipt whose signature is the engine's, and its bytes as they came. */
export interface CheckedReceipt {
  readonly receipt: Receipt;
  readonly bytes: Uint8Array;
}

/**
 * Checks that a receipt is signed by the engine, of the kind that its verdict promises, and about this batch's stream.
 *
 * @param text base64url, as the engine's answer carries it
 * @returns null when it is not to be believed
 */
export async function checkReceipt(
  text: string | undefined,
  expected: { readonly kind: "store" | "fork"; readonly batch: SpooledBatch; readonly key: CoseKey },
): Promise<CheckedReceipt | null> {
  if (text === undefined) return null;
  try {
    const bytes = fromBase64Url(text);
    const message = parseCose1(bytes);
    await verifyCose1(message, expected.key);
    const receipt = decodeReceipt(message.payload);
    const { device, epoch, stream } = expected.batch.key;
    const same = receipt.device === device && receipt.epoch === epoch && receipt.stream === stream;
    return same && receipt.kind === expected.kind ? { receipt, bytes } : null;
  } catch (fault) {
    if (fault instanceof BluepostError) return null;
    throw fault;
  }
}
