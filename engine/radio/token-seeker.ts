import { ROTATION_MS, rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { toHex } from "../../protocol/bytes.ts";
import { SCHEMES } from "../../protocol/checkin/record.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { BackgroundWork } from "../../runtime/background-work.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { isErased, loadErasures } from "../store/erasures.ts";
import { autoTokens, autoTokensVersion } from "../store/tokens.ts";

/** Sessions that one transaction looks at. */
const STEP_SESSIONS = 2_000;
/** Intervals whose identifiers are kept: an hour of late arrivals and some doors that were off for longer. */
const KEPT_INTERVALS = 48;
/** How far a token's clock may be off and still check its wearer in; a case's own seed is sought wider. */
const TOLERANCE_MS = ROTATION_MS;

export interface TokenSeekerParts {
  readonly database: Database;
  readonly crypto: CryptoPort;
  readonly box: SecretBox;
  readonly log: Logger;
  /** Told when persons were found whose visits must be built. */
  readonly onFound: () => void;
}

interface Wearer {
  readonly person: PersonKey;
  readonly revokedMs: number | null;
}

interface Unsought {
  readonly id: number;
  readonly event_id: number;
  readonly ident: string;
  readonly earliest: number;
  readonly latest: number;
}

/**
 * Finds the wearers of tokens that kiosks heard, when they opted in to automatic check-in and check-out. A kiosk cannot: identifiers
 * change every ten minutes. Runs in the background; the marks are in the store, so what a crash interrupts goes on at the next start.
 */
export class TokenSeeker {
  readonly #parts: TokenSeekerParts;
  readonly #intervals = new Map<number, ReadonlyMap<string, Wearer>>();
  #version = "";
  #seeds: readonly (Wearer & { readonly seed: Uint8Array })[] = [];
  readonly #work: BackgroundWork;

  constructor(parts: TokenSeekerParts) {
    this.#parts = parts;
    this.#work = new BackgroundWork({
      step: () => this.#seek(),
      failed: (fault) => parts.log.error("tokens.failed", faultFields(fault)),
    });
  }

  /** Starts seeking in the background. A fault is logged; the next call tries again. */
  kick(): void {
    this.#work.kick();
  }

  /** Resolves when every dated token session stored before the call was sought. @throws {StoreError} RT_STORE_FAILED */
  settle(): Promise<void> {
    return this.#work.settle();
  }

  /** Resolves when the transaction under way is done; no other begins. */
  stop(): Promise<void> {
    return this.#work.stop();
  }

  async #seek(): Promise<boolean> {
    if (!(await this.#hasWork())) return false;
    if ((await this.#parts.database.transaction((sql) => this.#step(sql))) > 0) this.#parts.onFound();
    return true;
  }

  async #hasWork(): Promise<boolean> {
    return (await unsought(this.#parts.database, 1)).length > 0;
  }

  /** @returns sessions whose wearer was found */
  async #step(sql: Sql): Promise<number> {
    await this.#loadTokens(sql);
    const sessions = await unsought(sql, STEP_SESSIONS);
    const erasures = await loadErasures(sql);
    const found: (readonly [event: number, person: PersonKey])[] = [];
    const erased: number[] = [];
    for (const session of sessions) {
      const person = this.#wearerOf(session);
      if (person === null) continue;
      if (isErased(erasures, person, { ...session, unknown: false })) erased.push(session.event_id);
      else found.push([session.event_id, person]);
    }
    await sql.run("UPDATE presence SET sought = 1 WHERE id IN (SELECT value FROM json_each(?))", [
      JSON.stringify(sessions.map(({ id }) => id)),
    ]);
    await sql.run("DELETE FROM event WHERE id IN (SELECT value FROM json_each(?))", [JSON.stringify(erased)]);
    await nameWearers(sql, found);
    return found.length;
  }

  async #loadTokens(sql: Sql): Promise<void> {
    const { box, crypto } = this.#parts;
    const version = await autoTokensVersion(sql, crypto);
    if (version === this.#version) return;
    this.#seeds = (await autoTokens(sql)).map(({ sealed, ...wearer }) => ({ ...wearer, seed: box.open(sealed) }));
    this.#intervals.clear();
    this.#version = version;
  }

  #wearerOf({ ident, earliest, latest }: Unsought): PersonKey | null {
    if (this.#seeds.length === 0) return null;
    const last = rotationInterval(latest + TOLERANCE_MS);
    for (let interval = rotationInterval(earliest - TOLERANCE_MS); interval <= last; interval += 1) {
      const wearer = this.#identsAt(interval).get(ident);
      if (wearer) return wearer.revokedMs === null || earliest < wearer.revokedMs ? wearer.person : null;
    }
    return null;
  }

  #identsAt(interval: number): ReadonlyMap<string, Wearer> {
    const known = this.#intervals.get(interval);
    if (known) return known;
    const { crypto } = this.#parts;
    const idents = new Map(this.#seeds.map(({ seed, ...wearer }) => [toHex(tokenId(crypto, seed, interval)), wearer]));
    if (this.#intervals.size >= KEPT_INTERVALS) {
      this.#intervals.delete(this.#intervals.keys().next().value as number);
    }
    this.#intervals.set(interval, idents);
    return idents;
  }
}

function unsought(sql: Sql, limit: number): Promise<readonly Unsought[]> {
  return sql.all<Unsought>(
    `SELECT p.id, p.event_id, lower(hex(p.ident)) ident, e.earliest, e.latest FROM presence p JOIN event e ON e.id = p.event_id
     WHERE p.sought = 0 AND p.scheme = ${SCHEMES.indexOf("token")} AND e.unknown = 0 ORDER BY p.id LIMIT ?`,
    [limit],
  );
}

async function nameWearers(sql: Sql, found: readonly (readonly [event: number, person: PersonKey])[]): Promise<void> {
  if (found.length === 0) return;
  const rows = JSON.stringify(found);
  await sql.run(
    "UPDATE event SET person = unhex(q.value->>1) FROM json_each(?) q WHERE event.id = q.value->>0 AND event.kind = 4",
    [rows],
  );
  await sql.run(
    "INSERT INTO dirty (person) SELECT DISTINCT unhex(value->>1) FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
    [rows],
  );
}
