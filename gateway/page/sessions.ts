import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";

/** One operator at one browser. */
export interface Session {
  readonly operator: string;
  /** What every change must carry; a page of somebody else cannot read it. */
  readonly csrf: string;
}

interface Entry extends Session {
  readonly endsMs: number;
  idleUntilMs: number;
}

const IDLE_MS = 30 * MINUTE_MS;
const LONGEST_MS = 12 * HOUR_MS;
const MAX_SESSIONS = 50;

/** Sessions of the fleet page, in memory: a restart of the gateway ends them all. Cookies are known by their hash only. */
export class Sessions {
  readonly #crypto: Pick<CryptoPort, "randomBytes" | "sha256">;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(crypto: Pick<CryptoPort, "randomBytes" | "sha256">, nowMs: () => number) {
    this.#crypto = crypto;
    this.#nowMs = nowMs;
  }

  /** Begins a session. @returns the value of its cookie */
  begin(operator: string): string {
    const cookie = toHex(this.#crypto.randomBytes(32));
    const nowMs = this.#nowMs();
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_SESSIONS && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(this.#keyOf(cookie), {
      operator,
      csrf: toHex(this.#crypto.randomBytes(16)),
      endsMs: nowMs + LONGEST_MS,
      idleUntilMs: nowMs + IDLE_MS,
    });
    return cookie;
  }

  /** @param isUse whether somebody does something; a page that is only open does not prolong its session */
  find(cookie: string | undefined, isUse: boolean): Session | null {
    if (cookie === undefined) return null;
    const key = this.#keyOf(cookie);
    const entry = this.#entries.get(key);
    const nowMs = this.#nowMs();
    if (!entry || entry.endsMs < nowMs || entry.idleUntilMs < nowMs) {
      this.#entries.delete(key);
      return null;
    }
    if (isUse) entry.idleUntilMs = nowMs + IDLE_MS;
    return entry;
  }

  end(cookie: string | undefined): void {
    if (cookie !== undefined) this.#entries.delete(this.#keyOf(cookie));
  }

  /** Ends every session of one operator, at whatever browser. */
  endAll(operator: string): void {
    for (const [key, entry] of this.#entries) if (entry.operator === operator) this.#entries.delete(key);
  }

  /** Ends the sessions of everybody else. */
  keepOnly(operators: readonly string[]): void {
    for (const [key, { operator }] of this.#entries) if (!operators.includes(operator)) this.#entries.delete(key);
  }

  #keyOf(cookie: string): string {
    return toHex(this.#crypto.sha256(utf8(cookie)));
  }
}
