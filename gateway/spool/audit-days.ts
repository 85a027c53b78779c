import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS, siteDay, TURNOVER_HOUR, type WallMs } from "../../protocol/units.ts";
import type { Sql, SqlParams } from "../../runtime/sqlite/database.ts";

/** Added to an instant so that whole days since 1970 are site days. */
const DAY_SHIFT_MS = SITE_UTC_OFFSET_MS - TURNOVER_HOUR * HOUR_MS;
/** Days that the audit looks back. */
const AUDIT_DAYS = 400;

/** Highest number of a row of `streams` that ever came in, as SQL: its head is written at receipts only. */
export const HIGHEST_SEQ =
  "max(head_upto, stored_upto, coalesce((SELECT max(to_seq) FROM batches WHERE stream_id = streams.id), 0))";

/** Site day of a batch's arrival, as SQL. */
export const RECEIVED_DAY = `(b.received_ms + ${DAY_SHIFT_MS}) / ${DAY_MS}`;

/**
 * Counts the rows of batches that are about to leave the spool, by the day on which they came in.
 *
 * @param which condition on `b`, the table of batches; the same that they are deleted by
 */
export async function countLeaving(
  sql: Sql,
  why: "receipted" | "refused",
  which: { readonly where: string; readonly params: SqlParams },
): Promise<void> {
  await sql.run(
    `INSERT INTO audit_days (day, device, stream, ${why})
     SELECT ${RECEIVED_DAY}, s.device, s.stream, sum(b.to_seq - b.from_seq + 1)
     FROM batches b JOIN streams s ON s.id = b.stream_id WHERE ${which.where} GROUP BY 1, 2, 3
     ON CONFLICT (day, device, stream) DO UPDATE SET ${why} = ${why} + excluded.${why}`,
    which.params,
  );
}

/** Forgets days before the given one. */
export async function trimAuditDays(sql: Sql, firstDay: number): Promise<void> {
  await sql.run("DELETE FROM audit_days WHERE day < ?", [firstDay]);
}

/** The first site day that the audit still looks at. */
export function firstAuditDay(nowMs: WallMs): number {
  return siteDay(nowMs) - AUDIT_DAYS;
}
