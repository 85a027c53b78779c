import {
  BLUEZONE_ID_BYTES,
  BLUEZONE_SLOT_MS,
  BLUEZONE_TOLERANCE_MS,
  expandBluezoneDay,
} from "../../protocol/beacon/bluezone.ts";
import {
  cryptGaenMetadata,
  GAEN_ID_BYTES,
  GAEN_INTERVAL_MS,
  GAEN_METADATA_BYTES,
  GAEN_TOLERANCE_MS,
  GaenExpander,
  gaenMetadataKey,
  parseGaenMetadata,
} from "../../protocol/beacon/gaen.ts";
import { ROTATING_ID_BYTES, ROTATION_MS, rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { fromHex } from "../../protocol/bytes.ts";
import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { BlockCipherPort, CryptoPort } from "../../protocol/crypto-port.ts";
import { HOUR_MS } from "../../protocol/units.ts";
import type { SoughtKey } from "../cases/check-key-item.ts";
import type { StoredSession } from "../store/presence.ts";

/** How far a token's clock may be off: a cheap crystal, unset for some years. */
export const TOKEN_TOLERANCE_MS = HOUR_MS;

/** How far the clock of each kind of sender may be off. */
export const TOLERANCE_MS: Readonly<Record<RadioScheme, number>> = {
  gaen: GAEN_TOLERANCE_MS,
  bluezone: BLUEZONE_TOLERANCE_MS,
  token: TOKEN_TOLERANCE_MS,
};

/** Identifiers of one key in a row; the one at `at` was due from `fromMs + at * slotMs` for `slotMs`. */
export interface ExpandedKey {
  readonly ids: Uint8Array;
  readonly stride: number;
  readonly fromMs: number;
  readonly slotMs: number;
}

/** Expands keys of every scheme; the cipher's blocks are shared between keys of one day. */
export class KeyExpander {
  readonly #crypto: CryptoPort & BlockCipherPort;
  readonly #gaen: GaenExpander;

  constructor(crypto: CryptoPort & BlockCipherPort) {
    this.#crypto = crypto;
    this.#gaen = new GaenExpander(crypto);
  }

  expand({ scheme, key, validFrom, validTo }: SoughtKey): ExpandedKey {
    switch (scheme) {
      case "gaen": {
        const rollingStart = Math.floor(validFrom / GAEN_INTERVAL_MS);
        const rollingPeriod = Math.ceil(validTo / GAEN_INTERVAL_MS) - rollingStart;
        const ids = this.#gaen.expand({ key, rollingStart, rollingPeriod });
        return { ids, stride: GAEN_ID_BYTES, fromMs: validFrom, slotMs: GAEN_INTERVAL_MS };
      }
      case "bluezone": {
        const ids = expandBluezoneDay(this.#crypto, key);
        return { ids, stride: BLUEZONE_ID_BYTES, fromMs: validFrom, slotMs: BLUEZONE_SLOT_MS };
      }
      case "token":
        return this.#expandToken(key, rotationInterval(validFrom), rotationInterval(validTo));
    }
  }

  /** A session with the power at which its phone says that it sent: GAEN encrypts it under the same key. */
  withSentPower(session: StoredSession, { scheme, key }: SoughtKey): StoredSession {
    if (scheme !== "gaen" || session.metadata?.length !== 2 * GAEN_METADATA_BYTES) return session;
    const sent = { id: fromHex(session.ident), metadata: fromHex(session.metadata) };
    const plain = cryptGaenMetadata(this.#crypto, gaenMetadataKey(this.#crypto, key), sent);
    return { ...session, txPower: parseGaenMetadata(plain).txPower };
  }

  #expandToken(seed: Uint8Array, first: number, last: number): ExpandedKey {
    const ids = new Uint8Array((last - first + 1) * ROTATING_ID_BYTES);
    for (let i = first; i <= last; i += 1) ids.set(tokenId(this.#crypto, seed, i), (i - first) * ROTATING_ID_BYTES);
    return { ids, stride: ROTATING_ID_BYTES, fromMs: first * ROTATION_MS, slotMs: ROTATION_MS };
  }
}
