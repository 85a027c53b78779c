import { join } from "node:path";
import { Database } from "../../runtime/sqlite/database.ts";

/** A row as a screen knows it: where, which way, and when by the kiosk's own clock, milliseconds. No two of one door are alike. */
export interface ScreenRow {
  readonly device: string;
  readonly kind: "in" | "out";
  readonly atMs: number;
}

/** What became of the rows that screens confirmed. */
export interface MatchedRows<Row extends ScreenRow> {
  /** Confirmed rows that the engine holds. */
  readonly stored: number;
  /** Confirmed rows that it does not hold. */
  readonly missing: readonly Row[];
  /** Rows that it holds once more than they happened, or more often. */
  readonly copies: number;
  /** Rows that no screen confirmed, for example since the power went before the answer showed. */
  readonly unseen: number;
}

/** Compares what screens said with what the engine holds, row by row. */
export function matchRows<Row extends ScreenRow>(said: readonly Row[], held: readonly ScreenRow[]): MatchedRows<Row> {
  const left = new Map<string, number>();
  for (const row of held) left.set(nameOf(row), (left.get(nameOf(row)) ?? 0) + 1);
  const names = new Set<string>();
  const missing: Row[] = [];
  for (const row of said) {
    const name = nameOf(row);
    const times = left.get(name) ?? 0;
    names.add(name);
    if (times === 0) missing.push(row);
    else left.set(name, times - 1);
  }
  let [copies, unseen] = [0, 0];
  for (const [name, times] of left) {
    const isUnseen = times > 0 && !names.has(name);
    copies += isUnseen ? times - 1 : times;
    if (isUnseen) unseen += 1;
  }
  return { stored: said.length - missing.length, missing, copies, unseen };
}

/** Every check-in and check-out that the engine holds, read beside the engine: what it holds, whoever says so. */
export async function heldRows(database: Database): Promise<readonly ScreenRow[]> {
  const rows = await database.all<{ device: string; kind: number; wall: number }>(
    "SELECT device, kind, wall FROM event JOIN device ON device.id = event.device_id WHERE kind IN (1, 2)",
  );
  return rows.map(({ device, kind, wall }) => ({ device, kind: kind === 1 ? "in" : "out", atMs: wall }));
}

/** Opens the engine's store to look, not to touch. */
export function openHeld(engineDir: string): Promise<Database> {
  return Database.open({ file: join(engineDir, "engine.db"), readOnly: true });
}

function nameOf({ device, kind, atMs }: ScreenRow): string {
  return `${device}/${kind}/${atMs}`;
}
