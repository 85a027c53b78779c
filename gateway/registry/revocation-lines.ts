import type { Revocation, RevocationReason, StreamMark } from "../../protocol/checkin/revocations.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";

/** A line of the site's revocation list; `marks` are those of the engine's list that it was taken over from. */
export type RevocationLine = Revocation & { readonly marks: readonly StreamMark[] };

interface Row {
  readonly number: number;
  readonly device: DeviceId;
  readonly reason: RevocationReason;
  readonly at_ms: WallMs;
  readonly marks: string;
}

/** Reads the list, by number. */
export async function readLines(sql: Sql): Promise<readonly RevocationLine[]> {
  const rows = await sql.all<Row>("SELECT * FROM revocations ORDER BY number");
  return rows.map(({ number, device, reason, at_ms: revokedAt, marks }) => ({
    ...{ number, device, reason, revokedAt },
    marks: JSON.parse(marks) as readonly StreamMark[],
  }));
}

/** Puts a list in the place of the one that is there, and revokes whom it names; the kiosk need not be registered here. */
export async function replaceLines(sql: Sql, lines: readonly RevocationLine[]): Promise<void> {
  await sql.run("DELETE FROM revocations");
  for (const { number, device, reason, revokedAt, marks } of lines) {
    await sql.run("INSERT INTO revocations (number, device, reason, at_ms, marks) VALUES (?, ?, ?, ?, ?)", [
      ...[number, device, reason, revokedAt],
      JSON.stringify(marks),
    ]);
    await sql.run("UPDATE devices SET revoked_ms = ? WHERE device = ? AND revoked_ms IS NULL", [revokedAt, device]);
  }
}

/**
 * Makes one list of this gateway's and the one that the engine holds: the engine's lines as they are, since it never forgets one, then
 * those that it lacks, numbered above both.
 *
 * @returns null when that is this gateway's list already
 */
export function mergeLines(
  own: readonly RevocationLine[],
  held: readonly RevocationLine[],
): readonly RevocationLine[] | null {
  const known = new Set(held.map(({ device }) => device));
  const top = Math.max(0, ...[...own, ...held].map(({ number }) => number));
  const lacking = own.filter(({ device }) => !known.has(device));
  const merged = [...held, ...lacking.map((line, at) => ({ ...line, number: top + 1 + at }))];
  const isOwn = lacking.length === 0 && own.length === held.length && held.every((line, at) => isSame(line, own[at]));
  return isOwn ? null : merged;
}

function isSame(line: RevocationLine, other: RevocationLine | undefined): boolean {
  return line.number === other?.number && line.device === other.device;
}

/** Marks of both; where both have one for a stream, the higher. */
export function higherMarks(...all: readonly (readonly StreamMark[])[]): readonly StreamMark[] {
  const highest = new Map<string, StreamMark>();
  for (const mark of all.flat()) {
    const name = `${mark.epoch} ${mark.stream}`;
    if (mark.upto > (highest.get(name)?.upto ?? -1)) highest.set(name, mark);
  }
  return [...highest.values()];
}
