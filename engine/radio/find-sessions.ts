import { toHex } from "../../protocol/bytes.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SoughtKey } from "../cases/check-key-item.ts";
import { loadSessions, type StoredSession } from "../store/presence.ts";
import { type ExpandedKey, type KeyExpander, TOKEN_TOLERANCE_MS, TOLERANCE_MS } from "./expand-keys.ts";
import type { ObservedDays } from "./observed-ids.ts";

/** What finding needs. */
export interface Finding {
  readonly sql: Sql;
  readonly expander: KeyExpander;
  readonly observed: ObservedDays;
  /** Sessions that lie outside of it do not count; those without a time do. */
  readonly window: { readonly from: number; readonly to: number };
}

interface Hit {
  readonly ident: string;
  readonly dueMs: number;
  readonly slotMs: number;
  readonly key: SoughtKey;
}

/**
 * Finds the sessions in which any of the keys was heard: the whole identifier agrees, and it was heard when it was due, within the
 * clock uncertainty of both sides.
 *
 * @returns each session once, in order of its id
 */
export async function findSessions(keys: readonly SoughtKey[], finding: Finding): Promise<readonly StoredSession[]> {
  const hits = new Map<number, Hit[]>();
  const sought = keys.map((key) => spreadSeed(key, finding.window));
  for (const key of sought.sort((left, right) => left.validFrom - right.validFrom)) {
    const expanded = finding.expander.expand(key);
    const span = { from: key.validFrom, to: key.validTo - 1 };
    finding.observed.find(expanded.ids, { stride: expanded.stride, span }, (at, session) => {
      const known = hits.get(session) ?? [];
      hits.set(session, known);
      known.push(hitOf(key, expanded, at));
    });
  }
  const sessions = await loadSessions(finding.sql, [...hits.keys()]);
  return sessions.flatMap((session) => {
    const hit = hits.get(session.id)?.find((one) => agrees(session, one, finding.window));
    return hit ? [finding.expander.withSentPower(session, hit.key)] : [];
  });
}

/** A token's seed has no day of its own: it is sought in the whole window, however long ago it was handed in. */
function spreadSeed(key: SoughtKey, { from, to }: Finding["window"]): SoughtKey {
  if (key.scheme !== "token") return key;
  return { ...key, validFrom: from - TOKEN_TOLERANCE_MS, validTo: to + TOKEN_TOLERANCE_MS };
}

function hitOf(key: SoughtKey, { ids, stride, fromMs, slotMs }: ExpandedKey, at: number): Hit {
  return { ident: toHex(ids.subarray(at * stride, (at + 1) * stride)), dueMs: fromMs + at * slotMs, slotMs, key };
}

function agrees(session: StoredSession, { ident, dueMs, slotMs, key }: Hit, window: Finding["window"]): boolean {
  if (session.ident !== ident || session.scheme !== key.scheme) return false;
  const { earliest, latest, unknown, durationMs } = session;
  if (unknown || earliest === null || latest === null) return dueMs + slotMs > window.from && dueMs < window.to;
  const tolerance = TOLERANCE_MS[key.scheme];
  const inWindow = latest + durationMs >= window.from && earliest <= window.to;
  return inWindow && earliest < dueMs + slotMs + tolerance && latest + durationMs >= dueMs - tolerance;
}
