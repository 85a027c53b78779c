import {
  cryptGaenMetadata,
  GaenExpander,
  gaenMetadataKey,
  type TemporaryExposureKey,
} from "../../protocol/beacon/gaen.ts";
import { rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import type { PresenceContent } from "../../protocol/checkin/presence.ts";
import { type Dbm, MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { RowDraft } from "./batches.ts";

/** What a test says of a session; the rest has a default. */
export interface SessionDraft extends Partial<Omit<PresenceContent, "id">> {
  readonly atMs: number;
  readonly minutes?: number;
}

/** What the phones of these tests say that they send with, dBm. */
export const GAEN_TX_POWER = 8;

/** A presence row of something that was heard. */
export function heardRow(id: Uint8Array, { atMs, minutes = 5, ...more }: SessionDraft): RowDraft {
  const heard: PresenceContent = {
    scheme: "token",
    id,
    durationMs: minutes * MINUTE_MS,
    n: 12,
    rssiMax: -52 as Dbm,
    rssiMean: -61 as Dbm,
    txPower: null,
    metadata: null,
    ...more,
  };
  return { heard, wallMs: atMs as WallMs };
}

/** What a kiosk hears of a token at an instant. */
export function tokenRow(seed: Uint8Array, draft: SessionDraft): RowDraft {
  return heardRow(tokenId(nodeCrypto, seed, rotationInterval(draft.atMs)), draft);
}

/** What a kiosk hears of a phone with a GAEN key at an instant. */
export function gaenRow(key: TemporaryExposureKey, draft: SessionDraft): RowDraft {
  const at = rotationInterval(draft.atMs) - key.rollingStart;
  const id = new GaenExpander(nodeCrypto).expand(key).slice(16 * at, 16 * at + 16);
  const plain = Uint8Array.of(0x40, GAEN_TX_POWER, 0, 0);
  const metadata = cryptGaenMetadata(nodeCrypto, gaenMetadataKey(nodeCrypto, key.key), { id, metadata: plain });
  return heardRow(id, { scheme: "gaen", metadata, ...draft });
}

/** A GAEN key of the UTC day of an instant. */
export function gaenKeyAt(atMs: number): TemporaryExposureKey {
  const rollingStart = Math.floor(rotationInterval(atMs) / 144) * 144;
  return { key: nodeCrypto.randomBytes(16), rollingStart, rollingPeriod: 144 };
}
