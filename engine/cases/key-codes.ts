import { equalBytes, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { bytesFrom } from "../store/bulk.ts";

/** How long a code is good when the officer says nothing else: read out on the telephone and typed at once. */
export const KEY_CODE_MINUTES = 60;
/** Longest life of a code. */
export const KEY_CODE_MAX_MINUTES = 24 * 60;

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const CODE_DIGITS = 8;

/** A one-time code as the officer reads it out. */
export interface KeyCode {
  /** `k3m9-7q2x`, 40 random bits. */
  readonly code: string;
  readonly expiresMs: WallMs;
}

/** What stands behind a code. */
export type RedeemedCode =
  | { readonly kind: "good"; readonly caseId: string }
  /** Unknown, expired or used up: nobody is told which. */
  | { readonly kind: "refused" };

/** Makes a code for a case; only its HMAC is stored. */
export async function issueKeyCode(
  sql: Sql,
  make: {
    readonly crypto: CryptoPort;
    readonly box: SecretBox;
    readonly caseId: string;
    readonly nowMs: WallMs;
    readonly minutes: number;
  },
): Promise<KeyCode> {
  const digits = [...make.crypto.randomBytes(CODE_DIGITS)].map((byte) => DIGITS[byte & 31]).join("");
  const expiresMs = (make.nowMs + make.minutes * MINUTE_MS) as WallMs;
  await sql.run("INSERT INTO key_code (hash, case_id, expires_at) VALUES (?, ?, ?)", [
    make.box.nameOf(utf8(digits)),
    make.caseId,
    expiresMs,
  ]);
  return { code: `${digits.slice(0, 4)}-${digits.slice(4)}`, expiresMs };
}

/** The digits of a code in whatever way it was typed: either case, with or without the dash, O for 0, I and L for 1. */
function digitsOf(typed: string): Uint8Array {
  const plain = typed.toLowerCase().replace(/[\s-]/g, "");
  return utf8(plain.replaceAll("o", "0").replace(/[il]/g, "1"));
}

/**
 * Looks a code up. A used one is good again for the very upload that used it: its answer may have got
 * lost.
 */
export async function redeemKeyCode(
  sql: Sql,
  given: { readonly box: SecretBox; readonly code: string; readonly upload: Uint8Array; readonly nowMs: number },
): Promise<RedeemedCode> {
  const row = await sql.get<{
    readonly case_id: string;
    readonly expires_at: number;
    readonly used_for: Uint8Array | null;
  }>("SELECT case_id, expires_at, used_for FROM key_code WHERE hash = ?", [given.box.nameOf(digitsOf(given.code))]);
  if (!row || row.expires_at < given.nowMs) return { kind: "refused" };
  if (row.used_for && !equalBytes(bytesFrom(row.used_for), given.upload)) return { kind: "refused" };
  return { kind: "good", caseId: row.case_id };
}

/** Uses a code up. Run in the transaction that stores the keys. */
export async function useKeyCode(
  sql: Sql,
  used: { readonly box: SecretBox; readonly code: string; readonly upload: Uint8Array },
): Promise<void> {
  await sql.run("UPDATE key_code SET used_for = ? WHERE hash = ?", [used.upload, used.box.nameOf(digitsOf(used.code))]);
}
