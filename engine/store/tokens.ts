import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { bytesFrom } from "./bulk.ts";

/** A token as officers see it; its seed is never shown again. */
export interface TokenEntry {
  readonly serial: string;
  readonly person: PersonKey;
  /** The wearer opted in: what kiosks hear becomes visits. */
  readonly autoCheckin: boolean;
  readonly issuedMs: WallMs;
  readonly revokedMs: WallMs | null;
}

/** A token with what is needed to know its identifiers. */
export interface SeededToken {
  readonly sealed: Uint8Array;
  readonly person: PersonKey;
  readonly revokedMs: WallMs | null;
}

/** Adds a token. */
export async function insertToken(sql: Sql, token: TokenEntry & { readonly sealed: Uint8Array }): Promise<void> {
  await sql.run("INSERT INTO token (serial, sealed, person, auto_checkin, issued_at) VALUES (?, ?, unhex(?), ?, ?)", [
    token.serial,
    token.sealed,
    token.person,
    token.autoCheckin ? 1 : 0,
    token.issuedMs,
  ]);
}

interface TokenRow {
  readonly serial: string;
  readonly sealed: Uint8Array;
  readonly person: string;
  readonly auto_checkin: number;
  readonly issued_at: number;
  readonly revoked_at: number | null;
}

const TOKEN = "serial, sealed, lower(hex(person)) person, auto_checkin, issued_at, revoked_at";

/** All tokens, the newest first. */
export async function listTokens(sql: Sql): Promise<readonly TokenEntry[]> {
  const rows = await sql.all<TokenRow>(`SELECT ${TOKEN} FROM token ORDER BY id DESC`);
  return rows.map((row) => ({
    serial: row.serial,
    person: row.person as PersonKey,
    autoCheckin: row.auto_checkin === 1,
    issuedMs: row.issued_at as WallMs,
    revokedMs: row.revoked_at as WallMs | null,
  }));
}

/** Tokens whose wearers opted in. */
export async function autoTokens(sql: Sql): Promise<readonly SeededToken[]> {
  const rows = await sql.all<TokenRow>(`SELECT ${TOKEN} FROM token WHERE auto_checkin = 1 ORDER BY id`);
  return rows.map((row) => ({
    sealed: bytesFrom(row.sealed),
    person: row.person as PersonKey,
    revokedMs: row.revoked_at as WallMs | null,
  }));
}

/**
 * Says which tokens take part, in a digest: another process may have changed them. Numbers of rows would not do, since SQLite gives the
 * number of an erased row to the next one.
 */
export async function autoTokensVersion(sql: Sql, crypto: CryptoPort): Promise<string> {
  const row = await sql.get<{ tokens: string }>(
    `SELECT json_group_array(json_array(serial, revoked_at)) tokens
     FROM (SELECT serial, revoked_at FROM token WHERE auto_checkin = 1 ORDER BY id)`,
  );
  return toHex(crypto.sha256(utf8(row?.tokens ?? "")));
}

/** Takes a token out of use from now on; what was heard before stays. @returns whether there was one in use */
export async function revokeToken(sql: Sql, serial: string, nowMs: number): Promise<boolean> {
  return (
    (await sql.run("UPDATE token SET revoked_at = ? WHERE serial = ? AND revoked_at IS NULL", [nowMs, serial])) > 0
  );
}
