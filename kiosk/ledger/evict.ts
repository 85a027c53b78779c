import type { Database } from "../../runtime/sqlite/database.ts";
import type { Eviction, Watermark } from "./checkin-log.ts";
import type { StreamFacts } from "./facts.ts";
import type { StreamTables } from "./rows.ts";

/** What must go to make room: rows up to the new floor, and the range among them that only a tombstone will remember. */
export interface EvictionPlan {
  readonly floor: Watermark;
  readonly lost: { readonly from: number; readonly to: number } | null;
  readonly counts: Eviction;
}

/**
 * Plans an eviction of at least `rows` rows in whole batches, oldest first: receipted rows and rows in the gateway's custody go
 * without a trace, the others are named, unless only what is safe elsewhere may go. Rows that no batch holds yet are never taken.
 */
export async function evictRows(
  database: Database,
  request: {
    readonly rows: number;
    readonly custodyUpto: number;
    readonly safeOnly: boolean;
    readonly facts: StreamFacts;
    readonly lastCut: Watermark;
    readonly tables: StreamTables;
  },
): Promise<EvictionPlan> {
  const { facts, lastCut, custodyUpto, safeOnly, tables } = request;
  const safe = Math.max(facts.watermark.upto, custodyUpto, facts.floor.upto);
  const limit = safeOnly ? Math.min(safe, lastCut.upto) : lastCut.upto;
  const target = Math.min(facts.floor.upto + request.rows, limit);
  const end = await tables.firstCutFrom(database, target);
  const floor = end && end.upto <= limit ? end : facts.floor;
  const receipted = Math.max(0, Math.min(floor.upto, facts.watermark.upto) - facts.floor.upto);
  const custody = Math.max(0, Math.min(floor.upto, safe) - facts.floor.upto - receipted);
  const lost = Math.max(0, floor.upto - safe);
  return {
    floor,
    // From the first row that nobody confirmed, not from the first of this round: an older tombstone may be among the evicted.
    lost: lost > 0 ? { from: Math.max(facts.watermark.upto, custodyUpto) + 1, to: floor.upto } : null,
    counts: { receipted, custody, lost },
  };
}
