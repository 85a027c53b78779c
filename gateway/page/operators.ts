import { argon2id, argon2Verify } from "hash-wasm";
import { Secret, TOTP } from "otpauth";
import { equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { FirstLoginRequest, LoginRequest } from "../../protocol/http/fleet-page.ts";
import type { FirstLoginAnswer } from "../../protocol/http/fleet-view.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import type { FleetStore } from "../fleet/fleet-store.ts";

/** No operator of this name. */
export class UnknownOperatorError extends BluepostError {
  readonly code = "GW_UNKNOWN_OPERATOR";
  readonly recovery = "operator";
}

/** What became of an attempt to log in. `locked`: too many wrong ones for this name. */
export type LoginOutcome =
  | { readonly kind: "welcome"; readonly operator: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "locked" };

export interface OperatorsDeps {
  readonly store: Pick<FleetStore, "db" | "change">;
  readonly crypto: Pick<CryptoPort, "randomBytes" | "sha256">;
  readonly nowMs: () => number;
  /** Shown by the authenticator app. */
  readonly site: string;
}

/** Memory and rounds for Argon2id. Source: OWASP Password Storage Cheat Sheet, 2024 (19 MiB, 2 rounds, 1 lane). */
const ARGON = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32, outputType: "encoded" as const };
const TOTP_PERIOD_S = 30;
const CODE_LIFE_MS = 24 * HOUR_MS;
const TICKET_LIFE_MS = 10 * MINUTE_MS;
const MAX_TICKETS = 10;
/** Wrong attempts for one name within the window; then the name is locked until the window has passed. */
const MAX_WRONG = 10;
const WRONG_WINDOW_MS = 15 * MINUTE_MS;
const MAX_NAMES_WATCHED = 1_000;

interface OperatorRow {
  readonly name: string;
  readonly password: string;
  readonly totp_secret: string;
  readonly totp_step: number;
}

interface Ticket {
  readonly name: string;
  readonly password: string;
  readonly secret: string;
  readonly codeHash: Uint8Array;
  readonly endsMs: number;
}

/**
 * Who may use the fleet page: a password and a code from an authenticator app. There is no default password: the first operator, and
 * each further one, is made with a code that only the gateway's console shows.
 */
export class Operators {
  readonly #deps: OperatorsDeps;
  readonly #tickets = new Map<string, Ticket>();
  readonly #wrong = new Map<string, { n: number; sinceMs: number }>();
  #decoy: Promise<string> | null = null;

  constructor(deps: OperatorsDeps) {
    this.#deps = deps;
  }

  async list(): Promise<readonly string[]> {
    const rows = await this.#deps.store.db.all<{ name: string }>("SELECT name FROM operators ORDER BY name");
    return rows.map(({ name }) => name);
  }

  /** Makes the code for the next operator, in place of an older one. It counts once, for a day. */
  async newCode(): Promise<string> {
    const { store, crypto, nowMs } = this.#deps;
    const code = (toHex(crypto.randomBytes(8)).match(/.{4}/g) ?? []).join("-");
    const hash = crypto.sha256(utf8(code));
    await store.change((sql) =>
      sql.run("INSERT OR REPLACE INTO setup_code (one, hash, expires_ms) VALUES (1, ?, ?)", [
        hash,
        nowMs() + CODE_LIFE_MS,
      ]),
    );
    return code;
  }

  /** First step with a code: takes name and password. @returns null when the code is wrong or too old */
  async begin({ code, name, password }: FirstLoginRequest): Promise<FirstLoginAnswer | null> {
    const { crypto, nowMs, site } = this.#deps;
    const codeHash = crypto.sha256(utf8(code.trim().toLowerCase()));
    if (!(await this.#isCode(codeHash))) return null;
    const ticket = toHex(crypto.randomBytes(32));
    const secret = new Secret({ buffer: crypto.randomBytes(20).slice().buffer });
    const salt = crypto.randomBytes(16);
    const hashed = await argon2id({ ...ARGON, password: password.normalize("NFC"), salt });
    if (this.#tickets.size >= MAX_TICKETS) this.#tickets.clear();
    this.#tickets.set(ticket, {
      name,
      password: hashed,
      secret: secret.base32,
      codeHash,
      endsMs: nowMs() + TICKET_LIFE_MS,
    });
    const otpauth = new TOTP({
      issuer: "Bluepost",
      label: `${name}@${site}`,
      secret,
      period: TOTP_PERIOD_S,
    }).toString();
    return { ticket, otpauth, secret: secret.base32 };
  }

  /** Second step: the authenticator app has the secret. The code is used up; an operator of the same name is replaced. */
  async confirm(ticketId: string, totp: string): Promise<string | null> {
    const { store, nowMs } = this.#deps;
    const ticket = this.#tickets.get(ticketId);
    if (!ticket || ticket.endsMs < nowMs() || !(await this.#isCode(ticket.codeHash))) return null;
    const step = stepOf(ticket.secret, totp, nowMs());
    if (step === null) return null;
    this.#tickets.delete(ticketId);
    const row = [ticket.name, ticket.password, ticket.secret, step, nowMs()];
    const isFirst = await store.change(async (sql) => {
      if ((await sql.run("DELETE FROM setup_code WHERE hash = ?", [ticket.codeHash])) === 0) return false;
      await sql.run(
        "INSERT OR REPLACE INTO operators (name, password, totp_secret, totp_step, added_ms) VALUES (?, ?, ?, ?, ?)",
        row,
      );
      return true;
    });
    return isFirst ? ticket.name : null;
  }

  /** Checks name, password and code; takes as long for a name that does not exist. One code opens once. */
  async login({ name, password, totp }: LoginRequest): Promise<LoginOutcome> {
    if (this.#isLocked(name)) return { kind: "locked" };
    const row = await this.#deps.store.db.get<OperatorRow>("SELECT * FROM operators WHERE name = ?", [name]);
    const hash = row?.password ?? (await this.#anyHash());
    const isPassword = await argon2Verify({ password: password.normalize("NFC"), hash });
    const step = row ? stepOf(row.totp_secret, totp, this.#deps.nowMs()) : null;
    if (!row || !isPassword || step === null || !(await this.#useStep(name, step))) {
      this.#noteWrong(name);
      return { kind: "wrong" };
    }
    this.#wrong.delete(name);
    return { kind: "welcome", operator: name };
  }

  /** Takes an operator's right to log in. @throws {UnknownOperatorError} GW_UNKNOWN_OPERATOR */
  async remove(name: string): Promise<void> {
    const gone = await this.#deps.store.change((sql) => sql.run("DELETE FROM operators WHERE name = ?", [name]));
    if (gone === 0) throw new UnknownOperatorError("no operator of this name");
  }

  async #isCode(hash: Uint8Array): Promise<boolean> {
    const { store, nowMs } = this.#deps;
    const row = await store.db.get<{ hash: Uint8Array; expires_ms: number }>("SELECT * FROM setup_code");
    return row !== undefined && row.expires_ms >= nowMs() && equalBytes(new Uint8Array(row.hash), hash);
  }

  async #useStep(name: string, step: number): Promise<boolean> {
    const sql = "UPDATE operators SET totp_step = ? WHERE name = ? AND totp_step < ?";
    return (await this.#deps.store.change((db) => db.run(sql, [step, name, step]))) > 0;
  }

  #anyHash(): Promise<string> {
    this.#decoy ??= argon2id({ ...ARGON, password: "nobody", salt: this.#deps.crypto.randomBytes(16) });
    return this.#decoy;
  }

  #isLocked(name: string): boolean {
    const wrong = this.#wrong.get(name);
    if (wrong && this.#deps.nowMs() - wrong.sinceMs > WRONG_WINDOW_MS) this.#wrong.delete(name);
    return (this.#wrong.get(name)?.n ?? 0) >= MAX_WRONG;
  }

  #noteWrong(name: string): void {
    if (this.#wrong.size >= MAX_NAMES_WATCHED) this.#wrong.clear();
    const known = this.#wrong.get(name) ?? { n: 0, sinceMs: this.#deps.nowMs() };
    this.#wrong.set(name, { ...known, n: known.n + 1 });
  }
}

/** Number of the 30-second step that a code belongs to, one before and after allowed; null when it is of none of them. */
function stepOf(secret: string, token: string, nowMs: number): number | null {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), period: TOTP_PERIOD_S });
  const delta = totp.validate({ token, timestamp: nowMs, window: 1 });
  return delta === null ? null : Math.floor(nowMs / 1_000 / TOTP_PERIOD_S) + delta;
}
