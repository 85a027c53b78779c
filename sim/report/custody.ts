import { join } from "node:path";
import type { ScanAnswer } from "../../kiosk/app.ts";
import { Database } from "../../runtime/sqlite/database.ts";

/** Whether everything that a screen confirmed is in the engine, once. */
export interface Custody {
  /** Rows of which a screen said that they are recorded. */
  readonly accepted: number;
  /** Of these, rows that the engine holds. */
  readonly stored: number;
  /** Neither stored nor named by a tombstone. */
  readonly lost: number;
  /** Rows that the engine holds more often than they happened. A row whose answer nobody saw (the power went) is no duplicate. */
  readonly duplicated: number;
  /** Confirmed rows that are gone and named by a tombstone. */
  readonly tombstoned: number;
}

/** Compares what the screens said with what the engine's store holds, row by row: device, boot, boot time and kind. */
export async function compareCustody(
  engineDir: string,
  answers: ReadonlyMap<string, readonly (ScanAnswer | null)[]>,
): Promise<Custody> {
  const said = new Map<string, number>();
  const places = new Map<string, RowPlace>();
  for (const [device, given] of answers) {
    for (const { record } of given.flatMap((answer) => answer?.rows ?? [])) {
      if (record.kind !== "in" && record.kind !== "out") continue;
      const name = `${device}/${Number.parseInt(record.boot, 16)}/${record.boottimeMs}/${record.kind}`;
      count(said, name);
      places.set(name, { device, seq: record.seq });
    }
  }
  const database = await Database.open({ file: join(engineDir, "engine.db"), readOnly: true });
  try {
    const held = await heldRows(database);
    const buried = await tombstones(database);
    const sums = { accepted: 0, stored: 0, lost: 0, duplicated: 0, tombstoned: 0 };
    for (const [row, times] of held) sums.duplicated += Math.max(0, times - Math.max(1, said.get(row) ?? 0));
    for (const [row, happened] of said) {
      const kept = Math.min(happened, held.get(row) ?? 0);
      sums.accepted += happened;
      sums.stored += kept;
      if (isBuried(places.get(row), buried)) sums.tombstoned += happened - kept;
      else sums.lost += happened - kept;
    }
    return sums;
  } finally {
    await database.close();
  }
}

interface RowPlace {
  readonly device: string;
  readonly seq: number;
}

type Ranges = readonly (readonly [from: number, to: number])[];

function isBuried(place: RowPlace | undefined, buried: ReadonlyMap<string, Ranges>): boolean {
  return buried.get(place?.device ?? "")?.some(([from, to]) => place && from <= place.seq && place.seq <= to) ?? false;
}

/** Numbers that tombstones name, by device. */
async function tombstones(database: Database): Promise<ReadonlyMap<string, Ranges>> {
  const rows = await database.all<{ device: string; tombstoned: string }>(
    "SELECT device.device, tombstoned FROM stream JOIN device ON device.id = stream.device_id WHERE stream.stream = 'c'",
  );
  const buried = new Map<string, Ranges>();
  for (const { device, tombstoned } of rows)
    buried.set(device, [...(buried.get(device) ?? []), ...(JSON.parse(tombstoned) as Ranges)]);
  return buried;
}

async function heldRows(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.all<{ device: string; boot: number; boottime: number; kind: number }>(
    "SELECT device, boot, boottime, kind FROM event JOIN device ON device.id = event.device_id WHERE kind IN (1, 2)",
  );
  const held = new Map<string, number>();
  for (const { device, boot, boottime, kind } of rows)
    count(held, `${device}/${boot}/${boottime}/${kind === 1 ? "in" : "out"}`);
  return held;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
