import { equalBytes } from "../../protocol/bytes.ts";
import type { ClaimRefusal } from "../../protocol/http/enrolment.ts";
import type { DeviceId, VenueId } from "../../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { GATEWAY_LABEL } from "../../runtime/pki/authority.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";

/** The door that a claim is for. */
export interface ClaimedPlace {
  /** Name of the kiosk; null: it gets one from its key. */
  readonly device: DeviceId | null;
  readonly venue: VenueId;
  readonly venueName: string;
  readonly gate: number;
  /** Name or address under which kiosks find this gateway. */
  readonly host: string;
}

/** A claim as it was made. */
export interface Claim extends ClaimedPlace {
  readonly expiresAt: WallMs;
}

/** A kiosk that takes a claim up. */
export interface Claimant {
  readonly device: DeviceId;
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of its new certificate. */
  readonly fingerprint: string;
}

interface ClaimRow {
  readonly device: DeviceId | null;
  readonly venue: VenueId;
  readonly venue_name: string;
  readonly gate: number;
  readonly host: string;
  readonly expires_ms: WallMs;
  readonly used_key: Uint8Array | null;
}

/** A spent claim is remembered for so long, to tell a replay from a forgery, milliseconds. */
const KEPT_MS = 30 * DAY_MS;

/** Setup codes of one site: each makes one device, once, within its time. */
export class ClaimBook {
  readonly #db: Database;
  readonly #changed: () => void;

  constructor(db: Database, changed: () => void) {
    this.#db = db;
    this.#changed = changed;
  }

  /** Enters a claim and forgets those of long ago. @throws {StoreError} RT_STORE_FAILED */
  async add(tokenHash: Uint8Array, claim: Claim, nowMs: WallMs): Promise<void> {
    const { device, venue, venueName, gate, host, expiresAt } = claim;
    await this.#db.transaction(async (sql) => {
      await sql.run("DELETE FROM claims WHERE expires_ms < ?", [nowMs - KEPT_MS]);
      await sql.run(
        `INSERT INTO claims (token_hash, device, venue, venue_name, gate, host, made_ms, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        [tokenHash, device, venue, venueName, gate, host, nowMs, expiresAt],
      );
    });
  }

  /** Looks a claim up, spent or not; null when none of this token was ever made here. */
  async find(tokenHash: Uint8Array): Promise<Claim | null> {
    const row = await rowOf(this.#db, tokenHash);
    if (!row) return null;
    const { device, venue, gate, host } = row;
    return { device, venue, venueName: row.venue_name, gate, host, expiresAt: row.expires_ms };
  }

  /**
   * Spends a claim and enters its device, both or neither.
   *
   * The key that spent it may come again within the claim's time, and gets the same: a kiosk whose power failed before the answer.
   *
   * @returns null when it is done, else why not
   */
  async redeem(tokenHash: Uint8Array, claimant: Claimant, nowMs: WallMs): Promise<ClaimRefusal | null> {
    const refusal = await this.#db.transaction(async (sql) => {
      const row = await rowOf(sql, tokenHash);
      const reason = refusalOf(row, claimant.publicKey, nowMs);
      if (reason !== null || !row) return reason;
      if (!(await enter(sql, row, claimant, nowMs))) return "claim_device_exists";
      await sql.run("UPDATE claims SET used_ms = ?, used_key = ? WHERE token_hash = ?", [
        nowMs,
        claimant.publicKey,
        tokenHash,
      ]);
      return null;
    });
    this.#changed();
    return refusal;
  }
}

function rowOf(sql: Sql, tokenHash: Uint8Array): Promise<ClaimRow | undefined> {
  return sql.get<ClaimRow>("SELECT * FROM claims WHERE token_hash = ?", [tokenHash]);
}

function refusalOf(row: ClaimRow | undefined, key: Uint8Array, nowMs: WallMs): ClaimRefusal | null {
  if (!row) return "claim_unknown";
  if (row.used_key && !equalBytes(row.used_key, key)) return "claim_used";
  return row.expires_ms <= nowMs ? "claim_expired" : null;
}

/** @returns false when another device has the name */
async function enter(sql: Sql, row: ClaimRow, claimant: Claimant, nowMs: WallMs): Promise<boolean> {
  const { device, publicKey, fingerprint } = claimant;
  if (device === GATEWAY_LABEL) return false;
  const entered = await sql.run(
    `INSERT INTO devices (device, venue, venue_name, gate, fingerprint, added_ms, public_key)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?1 NOT IN (SELECT device FROM revocations)
     ON CONFLICT (device) DO UPDATE SET fingerprint = excluded.fingerprint, venue = excluded.venue,
       venue_name = excluded.venue_name, gate = excluded.gate
     WHERE public_key = excluded.public_key AND revoked_ms IS NULL`,
    [device, row.venue, row.venue_name, row.gate, fingerprint, nowMs, publicKey],
  );
  return entered > 0;
}
