import { join } from "node:path";
import type { ScanAnswer } from "../../kiosk/app.ts";
import { Database } from "../../runtime/sqlite/database.ts";

/** Whether everything that a screen confirmed is in the engine, once. */
export interface Custody {
  /** Rows of which a screen said that they are recorded. */
  readonly accepted: number;
  /** Of these, rows that the engine holds. */
  readonly stored: number;
  readonly lost: number;
  /** Rows that the engine holds more often than they happened. */
  readonly duplicated: number;
}

/** Compares what the screens said with what the engine's store holds, row by row: device, boot, boot time and kind. */
export async function compareCustody(
  engineDir: string,
  answers: ReadonlyMap<string, readonly (ScanAnswer | null)[]>,
): Promise<Custody> {
  const said = new Map<string, number>();
  for (const [device, given] of answers) {
    for (const { record } of given.flatMap((answer) => answer?.rows ?? [])) {
      if (record.kind === "in" || record.kind === "out")
        count(said, `${device}/${Number.parseInt(record.boot, 16)}/${record.boottimeMs}/${record.kind}`);
    }
  }
  const held = await heldRows(engineDir);
  let stored = 0;
  let duplicated = 0;
  for (const [row, times] of held) {
    const happened = said.get(row) ?? 0;
    stored += Math.min(times, happened);
    duplicated += Math.max(0, times - happened);
  }
  const accepted = [...said.values()].reduce((sum, times) => sum + times, 0);
  return { accepted, stored, lost: accepted - stored, duplicated };
}

async function heldRows(engineDir: string): Promise<ReadonlyMap<string, number>> {
  const database = await Database.open({ file: join(engineDir, "engine.db"), readOnly: true });
  try {
    const rows = await database.all<{ device: string; boot: number; boottime: number; kind: number }>(
      "SELECT device, boot, boottime, kind FROM event JOIN device ON device.id = event.device_id WHERE kind IN (1, 2)",
    );
    const held = new Map<string, number>();
    for (const { device, boot, boottime, kind } of rows)
      count(held, `${device}/${boot}/${boottime}/${kind === 1 ? "in" : "out"}`);
    return held;
  } finally {
    await database.close();
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
