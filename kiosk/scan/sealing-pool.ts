import type { EnvelopeContext } from "../../protocol/checkin/envelope.ts";
import { SESSION_AGE_MS, type SealingKeys, SealingSession } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { Credential } from "../../protocol/qr/reading.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { SealedRow } from "../ledger/checkin-log.ts";

/** Seals left in a session at which the next one is made ready. */
const READY_BELOW = 64;

/**
 * Keeps one sealing session open and the next one ready, so that no scan waits for a key agreement.
 *
 * `prepare` must have run before `seal`, and again now and then: it replaces a session that is old or nearly used up.
 */
export class SealingPool {
  readonly #crypto: CryptoPort;
  readonly #keys: SealingKeys;
  #current: { readonly session: SealingSession; readonly openedMs: BoottimeMs } | null = null;
  #next: SealingSession | null = null;

  constructor(crypto: CryptoPort, keys: SealingKeys) {
    this.#crypto = crypto;
    this.#keys = keys;
  }

  /** Opens or replaces sessions as needed. @throws {BadSealError} PROTO_BAD_SEAL when a public key is not one */
  async prepare(nowMs: BoottimeMs): Promise<void> {
    if (!this.#current || nowMs - this.#current.openedMs >= SESSION_AGE_MS) {
      this.#current = { session: this.#next ?? (await SealingSession.open(this.#crypto, this.#keys)), openedMs: nowMs };
      this.#next = null;
    }
    if (!this.#next && this.#current.session.remaining < READY_BELOW) {
      this.#next = await SealingSession.open(this.#crypto, this.#keys);
    }
  }

  /** How many seals are at hand without another `prepare`. */
  get available(): number {
    return (this.#current?.session.remaining ?? 0) + (this.#next?.remaining ?? 0);
  }

  /** Seals one visitor for one row; `available` must be above 0. */
  seal(
    credential: Pick<Credential, "scheme" | "id" | "vault">,
    place: Omit<EnvelopeContext, "envelope" | "keyId">,
  ): SealedRow {
    if (this.#current?.session.remaining === 0 && this.#next) {
      this.#current = { session: this.#next, openedMs: this.#current.openedMs };
      this.#next = null;
    }
    const session = this.#current?.session as SealingSession;
    const identity = session.seal(place, { scheme: credential.scheme, id: credential.id }, credential.vault);
    return { identity, session: session.header };
  }
}
