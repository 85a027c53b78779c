import type { EnvelopeContext } from "../../protocol/checkin/envelope.ts";
import { SESSION_AGE_MS, type SealingKeys, SealingSession } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { Credential } from "../../protocol/qr/reading.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { SealedRow } from "../ledger/checkin-log.ts";

/** Seals left in a session at which the next one is made ready. */
const READY_BELOW = 64;

interface OpenSession {
  readonly session: SealingSession;
  readonly openedMs: BoottimeMs;
}

/**
 * Keeps one sealing session open and the next one ready, so that no scan waits for a key agreement.
 *
 * `prepare` must have run before `seal`, and again at every tick: it replaces a session that is nearly used up or an hour old, so that the
 * keys of the evening's rows are not in memory all night. What replaces it has sealed nothing.
 */
export class SealingPool {
  readonly #crypto: CryptoPort;
  readonly #keys: SealingKeys;
  #current: OpenSession | null = null;
  #next: OpenSession | null = null;

  constructor(crypto: CryptoPort, keys: SealingKeys) {
    this.#crypto = crypto;
    this.#keys = keys;
  }

  /** Opens or replaces sessions as needed. @throws {BadSealError} PROTO_BAD_SEAL when a public key is not one */
  async prepare(nowMs: BoottimeMs): Promise<void> {
    const isOld = (open: OpenSession | null): boolean => open !== null && nowMs - open.openedMs >= SESSION_AGE_MS;
    if (isOld(this.#next)) this.#next = await this.#open(nowMs); // in one step: who has prepared may be about to seal
    if (!this.#current || isOld(this.#current)) {
      this.#current = this.#next ?? (await this.#open(nowMs));
      this.#next = null;
    }
    if (!this.#next && this.#current.session.remaining < READY_BELOW) this.#next = await this.#open(nowMs);
  }

  /** How many seals are at hand without another `prepare`. */
  get available(): number {
    return (this.#current?.session.remaining ?? 0) + (this.#next?.session.remaining ?? 0);
  }

  /** Seals one visitor for one row; `available` must be above 0. */
  seal(
    credential: Pick<Credential, "scheme" | "id" | "vault">,
    place: Omit<EnvelopeContext, "envelope" | "keyId">,
  ): SealedRow {
    if (this.#current?.session.remaining === 0 && this.#next) {
      this.#current = this.#next;
      this.#next = null;
    }
    const session = this.#current?.session as SealingSession;
    const identity = session.seal(place, { scheme: credential.scheme, id: credential.id }, credential.vault);
    return { identity, session: session.header };
  }

  async #open(openedMs: BoottimeMs): Promise<OpenSession> {
    return { session: await SealingSession.open(this.#crypto, this.#keys), openedMs };
  }
}
