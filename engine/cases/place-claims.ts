import { Value } from "@sinclair/typebox/value";
import { PHONE_UNCERTAINTY_MS } from "../../protocol/beacon/match-published.ts";
import { equalBytes, fromBase64Url } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { type CaseKeyProblem, PlaceItem } from "../../protocol/http/case-keys.ts";
import {
  NTP_OFFSET_SECONDS,
  openLocationPart,
  parseLocationPart,
  temporaryLocationId,
} from "../../protocol/qr/clea.ts";
import type { P256KeyPair } from "../../protocol/qr/p256.ts";
import { VENUE_QR_PREFIX } from "../../protocol/qr/venue-qr.ts";
import { MINUTE_MS, SECOND_MS } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { isPublished } from "../store/published.ts";
import { venueOfKey } from "../store/venue-keys.ts";
import { VISIT_EVIDENCE, type VisitEvent } from "../visits/visit.ts";
import type { InfectiousWindow } from "./cases.ts";

/** "My phone scanned this screen then", opened with the authority's venue key but not yet compared with what is known. */
export interface PlaceClaim {
  readonly atMs: number;
  /** LTKey of the venue-day, 32 bytes. */
  readonly key: Uint8Array;
}

export type OpenedClaim =
  | { readonly kind: "claim"; readonly claim: PlaceClaim }
  | { readonly kind: "refused"; readonly problem: CaseKeyProblem };

/** Longest a screen shows one code, and how far the clocks of kiosk and phone may be apart. */
const SHOWN_MS = 256 * SECOND_MS;
const APART_MS = 5 * MINUTE_MS;

/**
 * Opens the claims among the items of an upload. A claim is the whole code: only who saw the screen has it, and when it was shown is
 * sealed within. A poster proves nothing, and a beacon's identifier can be passed on.
 *
 * @returns by position among the items; whatever is no claim is absent
 */
export async function openClaims(
  crypto: CryptoPort,
  authority: P256KeyPair,
  items: readonly unknown[],
): Promise<ReadonlyMap<number, OpenedClaim>> {
  const opened = new Map<number, OpenedClaim>();
  for (const [at, item] of items.entries()) {
    if (typeof item !== "object" || item === null || !("scheme" in item) || item.scheme !== "place") continue;
    opened.set(at, await openClaim(crypto, authority, item));
  }
  return opened;
}

async function openClaim(crypto: CryptoPort, authority: P256KeyPair, item: object): Promise<OpenedClaim> {
  if (!Value.Check(PlaceItem, item) || !item.code.startsWith(VENUE_QR_PREFIX)) return refused("malformed_item");
  try {
    const part = parseLocationPart(fromBase64Url(item.code.slice(VENUE_QR_PREFIX.length)));
    const { facts } = await openLocationPart(crypto, part, authority);
    if (!equalBytes(temporaryLocationId(crypto, facts.periodKey), part.locationId)) return refused("unknown_place");
    const shownMs = (facts.shownSinceSeconds - NTP_OFFSET_SECONDS) * SECOND_MS;
    const isLive = item.at >= shownMs - APART_MS && item.at <= shownMs + SHOWN_MS + APART_MS;
    return isLive ? { kind: "claim", claim: { atMs: item.at, key: facts.periodKey } } : refused("not_live");
  } catch (fault) {
    if (fault instanceof BluepostError) return refused("unknown_place");
    throw fault;
  }
}

function refused(problem: CaseKeyProblem): OpenedClaim {
  return { kind: "refused", problem };
}

/**
 * Stores a claim of a place that a kiosk of ours has told the key of. Once that key is published a claim is worth nothing: whoever has
 * the file can make one.
 */
export async function addClaim(
  sql: Sql,
  { atMs, key }: PlaceClaim,
  storing: {
    readonly box: SecretBox;
    readonly caseId: string;
    readonly window: InfectiousWindow;
    readonly nowMs: number;
  },
): Promise<"stored" | "duplicate" | CaseKeyProblem> {
  const { box, caseId, window, nowMs } = storing;
  if (atMs > window.to + PHONE_UNCERTAINTY_MS) return "in_future";
  if (atMs < window.from) return "outside_window";
  const venue = await venueOfKey(sql, box, key);
  if (venue === null) return "unknown_place";
  if (await isPublished(sql, "venue", key)) return "published";
  const added = await sql.run(
    "INSERT INTO case_place (case_id, venue, at, stored_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [caseId, venue, atMs, nowMs],
  );
  return added > 0 ? "stored" : "duplicate";
}

const CLAIM = VISIT_EVIDENCE.indexOf("claim");

/** The claims of a case as check-ins of which nobody knows a check-out. */
export async function claimedEvents(sql: Sql, caseId: string): Promise<readonly VisitEvent[]> {
  const rows = await sql.all<{ venue: number; at: number }>(
    "SELECT venue, at FROM case_place WHERE case_id = ? ORDER BY at, venue",
    [caseId],
  );
  return rows.map(({ venue, at }) => ({
    kind: "in",
    venue,
    gate: 0,
    earliest: at - PHONE_UNCERTAINTY_MS,
    latest: at + PHONE_UNCERTAINTY_MS,
    evidence: CLAIM,
    party: 0,
  }));
}
