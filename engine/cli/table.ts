import type { WallMs } from "../../protocol/units.ts";
import { SITE_UTC_OFFSET_MS } from "../../protocol/units.ts";

/** Lays cells out in columns; numbers to the right. Width counts characters, which is right for Vietnamese in NFC. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const texts = [head, ...rows].map((row) => row.map((cell) => String(cell).normalize("NFC")));
  const widths = head.map((_, at) => Math.max(...texts.map((row) => [...(row[at] ?? "")].length)));
  const isNumber = head.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  return texts.map((row) =>
    row
      .map((cell, at) => {
        const blanks = " ".repeat((widths[at] ?? 0) - [...cell].length);
        return isNumber[at] ? blanks + cell : cell + blanks;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Local date and minute in Vietnam, `2026-11-16 09:05`; a dash for none. */
export function localTime(atMs: number | null): string {
  if (atMs === null) return "-";
  return new Date((atMs as WallMs) + SITE_UTC_OFFSET_MS).toISOString().slice(0, 16).replace("T", " ");
}

/** The first digits of a person's key: enough to tell rows apart, too few to be looked up. */
export function shortKey(person: string): string {
  return `${person.slice(0, 8)}…`;
}
