import { equalBytes, fromHex } from "../../protocol/bytes.ts";
import { decodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { type CoseKey, importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import { BadSealError, BluepostError } from "../../protocol/errors.ts";
import type { Stream } from "../../protocol/ids.ts";
import { certificatePublicKey } from "../../runtime/pki/chain.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import type { StreamLog } from "../ledger/checkin-log.ts";

/** Keys that a kiosk believes in receipts. */
export interface ReceiptKeys {
  readonly engine: CoseKey;
  readonly gateway: CoseKey;
}

/** @throws {MalformedError} PROTO_MALFORMED when the trust bundle holds no such keys */
export async function importReceiptKeys(trust: Trust): Promise<ReceiptKeys> {
  const engine = await importVerifyKey(fromHex(trust.receiptKey));
  return { engine, gateway: await importVerifyKey(certificatePublicKey(trust.gateway)) };
}

/**
 * Reads and verifies a receipt: `store` must be the engine's, the other kinds may be the gateway's.
 *
 * @throws {MalformedError} PROTO_MALFORMED or {BadSealError} PROTO_BAD_SEAL
 */
export async function openReceipt(bytes: Uint8Array, keys: ReceiptKeys): Promise<Receipt> {
  const message = parseCose1(bytes);
  const receipt = decodeReceipt(message.payload);
  if (receipt.kind === "store") await verifyCose1(message, keys.engine);
  else await verifyByEither(message, keys);
  return receipt;
}

async function verifyByEither(message: ReturnType<typeof parseCose1>, keys: ReceiptKeys): Promise<void> {
  try {
    await verifyCose1(message, keys.gateway);
  } catch (fault) {
    if (!(fault instanceof BadSealError)) throw fault;
    await verifyCose1(message, keys.engine);
  }
}

/** Which stream a message on the `receipt` topic speaks of, unverified; null when it is no receipt. */
export function streamOfReceipt(bytes: Uint8Array): Stream | null {
  try {
    return decodeReceipt(parseCose1(bytes).payload).stream;
  } catch (fault) {
    if (fault instanceof BluepostError) return null;
    throw fault;
  }
}

/** What a verified receipt means for this ledger. */
export type ReceiptEffect =
  | { readonly kind: "confirmed"; readonly upto: number }
  | { readonly kind: "custody"; readonly upto: number }
  | { readonly kind: "fork" }
  /** The engine knows less than it did: rows still here are sent again from there. */
  | { readonly kind: "rewound"; readonly upto: number }
  /** An older one that came late: what it says is no longer so. */
  | { readonly kind: "late" }
  /** Of another device, epoch or stream, or of a chain that is not ours. */
  | { readonly kind: "foreign" };

/**
 * Applies a verified receipt to the ledger; only a `store` receipt whose chain hash is ours confirms rows. Await one before the next.
 *
 * @param newestMs store time of the receipt that was applied last
 */
export async function applyReceipt(log: StreamLog, receipt: Receipt, newestMs = 0): Promise<ReceiptEffect> {
  const { device, epoch, stream } = log.key;
  if (receipt.device !== device || receipt.epoch !== epoch || receipt.stream !== stream) return { kind: "foreign" };
  if (receipt.kind === "fork") return { kind: "fork" };
  if (receipt.kind === "custody") return { kind: "custody", upto: receipt.upto };
  if (receipt.upto === log.watermark.upto) return { kind: "confirmed", upto: receipt.upto };
  const lower = receipt.upto < log.watermark.upto;
  if (lower && receipt.storeTimeMs < newestMs) return { kind: "late" };
  const own = await log.hashAt(receipt.upto);
  if (own && equalBytes(own, receipt.chainHash)) log.confirm({ upto: receipt.upto, hash: own });
  else if (!lower) return { kind: "foreign" };
  return { kind: lower ? "rewound" : "confirmed", upto: receipt.upto };
}
