import { concatBytes, utf8 } from "../bytes.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { DAY_MS } from "../units.ts";

/** An identifier is used for a quarter of an hour; 96 make a day. */
export const BLUEZONE_SLOT_MS = 900_000;
export const BLUEZONE_DAY_SLOTS = 96;
export const BLUEZONE_KEY_BYTES = 32;
export const BLUEZONE_ID_BYTES = 12;
/** How far a phone's clock may be off. Bluezone names no tolerance; one slot either way. */
export const BLUEZONE_TOLERANCE_MS = BLUEZONE_SLOT_MS;

/** Misspelt as in the app, and normative so. */
const SUBKEY_LABEL = utf8("bluzonesubkey");
/** Which bytes of a sub-key are the identifier. */
const PICKED = [0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30] as const;

/** Start of the UTC day that an instant falls in; Bluezone's days turn at midnight UTC. */
export function bluezoneDayStart(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** The daily key of the day after: D(n+1) = SHA-256(D(n)). So a daily key gives every later day, and the base id all of them. */
export function nextBluezoneDailyKey(crypto: CryptoPort, dailyKey: Uint8Array): Uint8Array {
  return crypto.sha256(dailyKey);
}

/**
 * First sub-key of a day: S(0) = SHA-256(D | "bluzonesubkey"). It gives the identifiers of this day and of no other, so it is what the
 * engine keeps of a daily key.
 */
export function bluezoneDaySubkey(crypto: CryptoPort, dailyKey: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(dailyKey, SUBKEY_LABEL));
}

/**
 * Expands a day's first sub-key to the day's 96 identifiers, 12 bytes each, in order: S(i+1) = SHA-256(S(i)).
 *
 * Source: react-native-bluetooth-scan, BluezoneIdGenerator; the published captures of 8 August 2020 agree.
 */
export function expandBluezoneDay(crypto: CryptoPort, subkey: Uint8Array): Uint8Array {
  const ids = new Uint8Array(BLUEZONE_DAY_SLOTS * BLUEZONE_ID_BYTES);
  let state = subkey;
  let at = 0;
  for (let slot = 0; slot < BLUEZONE_DAY_SLOTS; slot += 1) {
    for (const from of PICKED) {
      ids[at] = state[from] as number;
      at += 1;
    }
    state = crypto.sha256(state);
  }
  return ids;
}
