import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { BLUEZONE_TOLERANCE_MS, bluezoneDaySubkey } from "../../protocol/beacon/bluezone.ts";
import { GAEN_INTERVAL_MS } from "../../protocol/beacon/gaen.ts";
import { fromHex } from "../../protocol/bytes.ts";
import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluezoneKeyItem, type CaseKeyProblem, GaenKeyItem, TokenSeedItem } from "../../protocol/http/case-keys.ts";
import { DAY_MS } from "../../protocol/units.ts";
import type { InfectiousWindow } from "./cases.ts";

/** A key with the time in which it may have been heard. */
export interface SoughtKey {
  readonly scheme: RadioScheme;
  /** GAEN key, first sub-key of a Bluezone day, or a token's seed. */
  readonly key: Uint8Array;
  /** Milliseconds since 1970; `to` is the first instant after it. */
  readonly validFrom: number;
  readonly validTo: number;
  /** Whether it may be published. */
  readonly publish: boolean;
}

export type CheckedItem =
  | { readonly kind: "good"; readonly key: SoughtKey }
  | { readonly kind: "refused"; readonly problem: CaseKeyProblem };

/** How far ahead of the engine a phone's clock may be. */
const AHEAD_MS = BLUEZONE_TOLERANCE_MS;

/** Checks one item of an upload against its form and the case's infectious window. Never throws for what a sender can do wrong. */
export function checkKeyItem(crypto: CryptoPort, item: unknown, window: InfectiousWindow): CheckedItem {
  const read = readItem(crypto, item, window);
  if (typeof read === "string") return { kind: "refused", problem: read };
  if (read.validFrom > window.to + AHEAD_MS) return { kind: "refused", problem: "in_future" };
  if (read.validTo <= window.from) return { kind: "refused", problem: "outside_window" };
  return { kind: "good", key: read };
}

function readItem(crypto: CryptoPort, item: unknown, window: InfectiousWindow): SoughtKey | CaseKeyProblem {
  if (typeof item !== "object" || item === null) return "malformed_item";
  if ("baseId" in item || "base_id" in item) return "base_id";
  const scheme = "scheme" in item ? item.scheme : undefined;
  if (scheme === "gaen") return gaenKey(item);
  if (scheme === "bluezone") return bluezoneKey(crypto, item);
  if (scheme === "token") return tokenSeed(item, window);
  return "unknown_scheme";
}

function gaenKey(item: object): SoughtKey | CaseKeyProblem {
  if (!isOf(GaenKeyItem, item)) return "malformed_item";
  const { key, rollingStart, rollingPeriod, publish = false } = item;
  const validFrom = rollingStart * GAEN_INTERVAL_MS;
  const validTo = validFrom + rollingPeriod * GAEN_INTERVAL_MS;
  return { scheme: "gaen", key: fromHex(key), validFrom, validTo, publish };
}

/** Keeps the day's sub-key only: the daily key would give every later day too. */
function bluezoneKey(crypto: CryptoPort, item: object): SoughtKey | CaseKeyProblem {
  if (!isOf(BluezoneKeyItem, item)) return "malformed_item";
  const { dailyKey, day, publish = false } = item;
  const validFrom = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(validFrom) || !new Date(validFrom).toISOString().startsWith(day)) return "malformed_item";
  const key = bluezoneDaySubkey(crypto, fromHex(dailyKey));
  return { scheme: "bluezone", key, validFrom, validTo: validFrom + DAY_MS, publish };
}

function tokenSeed(item: object, window: InfectiousWindow): SoughtKey | CaseKeyProblem {
  if (!isOf(TokenSeedItem, item)) return "malformed_item";
  return { scheme: "token", key: fromHex(item.seed), validFrom: window.from, validTo: window.to, publish: false };
}

function isOf<Schema extends TSchema>(schema: Schema, item: unknown): item is Schema["static"] {
  return Value.Check(schema, item);
}
