import { toHex } from "../bytes.ts";
import { type CoseKey, parseCose1, verifyCose1 } from "../cose.ts";
import { BadSealError } from "../errors.ts";
import type { RefusalReason } from "./reading.ts";

/**
 * Opens a message that one of our card issuers signed (COSE_Sign1, EdDSA).
 *
 * @param issuers keys by 4-byte id in hex
 * @returns the payload, or why it is not believed. A wrong signature over well-formed base45 is most often a scanner that types with
 *   another keyboard's layout, hence `scanner_layout`
 * @throws {MalformedError} PROTO_MALFORMED when the bytes are not COSE_Sign1
 */
export async function openIssued(
  bytes: Uint8Array,
  issuers: ReadonlyMap<string, CoseKey>,
): Promise<Uint8Array | RefusalReason> {
  const message = parseCose1(bytes);
  const key = message.kid && issuers.get(toHex(message.kid));
  if (!key || message.algorithm !== "EdDSA") return "unknown_issuer";
  try {
    await verifyCose1(message, key);
  } catch (fault) {
    if (fault instanceof BadSealError) return "scanner_layout";
    throw fault;
  }
  return message.payload;
}
