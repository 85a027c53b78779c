import { CLOCK_STATES, type ClockState } from "../../protocol/checkin/record.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { dateStamp, reachOfAnchor, type TimeAnchor } from "../visits/event-time.ts";
import { bulkInsert } from "./bulk.ts";
import { type Erasures, isErased } from "./erasures.ts";

/** One run of one device's machine. */
export interface DeviceBoot {
  readonly deviceId: number;
  /** The boot id as a number. */
  readonly boot: number;
}

/** An anchor together with the run that it belongs to. */
export interface BootAnchor extends DeviceBoot, TimeAnchor {}

/** Names a run in maps. */
export function bootName({ deviceId, boot }: DeviceBoot): string {
  return `${deviceId}/${boot}`;
}

const insertAnchors = bulkInsert(
  "anchor",
  ["device_id", "boot", "boottime", "wall", "uncertainty", "stored_at"],
  "ON CONFLICT DO NOTHING",
);

interface AnchorRow {
  readonly device_id: number;
  readonly boot: number;
  readonly boottime: number;
  readonly wall: number;
  readonly uncertainty: number;
}

/** Reads every anchor of the runs. @returns by {@link bootName}; runs without one are absent */
export async function loadAnchors(sql: Sql, boots: readonly DeviceBoot[]): Promise<Map<string, BootAnchor[]>> {
  const unique = [...new Map(boots.map((boot) => [bootName(boot), [boot.deviceId, boot.boot]])).values()];
  const rows = await sql.all<AnchorRow>(
    `SELECT a.device_id, a.boot, a.boottime, a.wall, a.uncertainty FROM json_each(?) q
     JOIN anchor a ON a.device_id = q.value->>0 AND a.boot = q.value->>1`,
    [JSON.stringify(unique)],
  );
  const anchors = new Map<string, BootAnchor[]>();
  for (const row of rows) {
    const anchor = {
      deviceId: row.device_id,
      boot: row.boot,
      boottimeMs: row.boottime,
      wallMs: row.wall,
      uncertaintyMs: row.uncertainty,
    };
    const name = bootName(anchor);
    const list = anchors.get(name);
    if (list) list.push(anchor);
    else anchors.set(name, [anchor]);
  }
  return anchors;
}

/**
 * Adds anchors to those known and dates again the stored rows that a new one may date better. What turns out to be of before its
 * person's erasure is deleted.
 *
 * @param known every anchor of the runs concerned; the new ones are added to it
 * @returns persons (hex) whose rows got another time or are gone
 */
export async function addAnchors(
  sql: Sql,
  known: Map<string, BootAnchor[]>,
  added: { readonly anchors: readonly BootAnchor[]; readonly storedMs: number; readonly erasures: Erasures },
): Promise<readonly string[]> {
  const fresh = added.anchors.filter((anchor) => addOne(known, anchor));
  await insertAnchors(
    sql,
    fresh.map((a) => [a.deviceId, a.boot, a.boottimeMs, a.wallMs, a.uncertaintyMs, added.storedMs]),
  );
  const touched: string[] = [];
  for (const anchor of fresh) {
    const all = known.get(bootName(anchor)) ?? [];
    touched.push(...(await redate(sql, anchor, { all, erasures: added.erasures })));
  }
  return touched;
}

function addOne(known: Map<string, BootAnchor[]>, anchor: BootAnchor): boolean {
  const list = known.get(bootName(anchor)) ?? [];
  known.set(bootName(anchor), list);
  const isKnown = list.some(
    (other) =>
      other.boottimeMs === anchor.boottimeMs &&
      other.wallMs === anchor.wallMs &&
      other.uncertaintyMs === anchor.uncertaintyMs,
  );
  if (!isKnown) list.push(anchor);
  return !isKnown;
}

interface StampRow {
  readonly id: number;
  readonly boottime: number;
  readonly wall: number;
  readonly clock: number;
  readonly uncertainty: number;
  readonly stored_at: number;
  readonly person: string | null;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly unknown: number;
}

async function redate(
  sql: Sql,
  anchor: BootAnchor,
  { all, erasures }: { readonly all: readonly BootAnchor[]; readonly erasures: Erasures },
): Promise<string[]> {
  const { from, to } = reachOfAnchor(
    anchor,
    all.filter((other) => other !== anchor),
  );
  const rows = await sql.all<StampRow>(
    `SELECT id, boottime, wall, clock, uncertainty, stored_at, lower(hex(person)) person, earliest, latest, unknown
     FROM event WHERE device_id = ? AND boot = ? AND boottime BETWEEN ? AND ?`,
    [anchor.deviceId, anchor.boot, from, to],
  );
  const changes: (number | null)[][] = [];
  const erased: number[] = [];
  const persons: string[] = [];
  for (const row of rows) {
    const time = dateStamp(stampOf(row), all);
    if (time.earliest === row.earliest && time.latest === row.latest && time.unknown === (row.unknown === 1)) continue;
    if (isErased(erasures, row.person, time)) erased.push(row.id);
    else changes.push([row.id, time.earliest, time.latest, time.unknown ? 1 : 0]);
    if (row.person) persons.push(row.person);
  }
  if (erased.length > 0) {
    await sql.run("DELETE FROM event WHERE id IN (SELECT value FROM json_each(?))", [JSON.stringify(erased)]);
  }
  if (changes.length > 0) {
    await sql.run(
      `UPDATE event SET earliest = q.value->>1, latest = q.value->>2, unknown = q.value->>3
       FROM json_each(?) q WHERE event.id = q.value->>0`,
      [JSON.stringify(changes)],
    );
  }
  return persons;
}

function stampOf(row: StampRow): Parameters<typeof dateStamp>[0] {
  return {
    boottimeMs: row.boottime,
    wallMs: row.wall,
    clock: CLOCK_STATES[row.clock] as ClockState,
    uncertaintyMs: row.uncertainty,
    storedMs: row.stored_at,
  };
}
