import { decodeReceipt, type Receipt, type RejectionReason, type SeqRange } from "../../protocol/checkin/receipt.ts";
import { parseCose1 } from "../../protocol/cose.ts";
import type { DeviceId, Epoch, Stream } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { HIGHEST_SEQ, RECEIVED_DAY } from "../spool/audit-days.ts";

/** What became of the rows that one kiosk handed over on one site day. */
export interface AuditDay {
  /** Site day, days since 1970 in Vietnam's time, turning at 04:00. */
  readonly day: number;
  readonly device: DeviceId;
  readonly stream: Stream;
  /** Rows that came in: the sum of the others. */
  readonly received: number;
  /** Rows that the engine has answered for, by receipt or by refusal. */
  readonly forwarded: number;
  /** Rows that the engine's signed receipt covers. */
  readonly receipted: number;
  /** Rows that the engine refused for good; they stand in its dead letters and in the quarantine here. */
  readonly refused: number;
  /** Rows that wait here for the engine. */
  readonly waiting: number;
}

/** What is known of one stream's numbers. */
export interface AuditStream {
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly stream: Stream;
  /** Highest number that came in. */
  readonly upto: number;
  /** The engine has, or has named, every number up to here. */
  readonly storedUpto: number;
  /** Numbers below `upto` that never came in: the kiosk has them still, or lost them. */
  readonly missing: readonly SeqRange[];
  /** Numbers that the kiosk itself said were lost, as far as the last receipt lists them. */
  readonly tombstoned: readonly SeqRange[];
  /** Rows that the engine put aside, and why, as far as the last receipt lists them. */
  readonly rejected: readonly (readonly [seq: number, reason: RejectionReason])[];
}

/** The whole audit of a site. */
export interface Audit {
  readonly days: readonly AuditDay[];
  readonly streams: readonly AuditStream[];
  /** Numbers that never came in, of all streams. */
  readonly missing: number;
  /** Messages put aside here, by device and reason. */
  readonly quarantined: readonly { readonly device: DeviceId; readonly reason: string; readonly n: number }[];
}

interface StreamRow {
  readonly id: number;
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly stream: Stream;
  readonly upto: number;
  readonly storedUpto: number;
  readonly receipt: Uint8Array | null;
}

const DAYS = `WITH waiting AS (
    SELECT ${RECEIVED_DAY} AS day, s.device, s.stream, sum(b.to_seq - b.from_seq + 1) AS n
    FROM batches b JOIN streams s ON s.id = b.stream_id GROUP BY 1, 2, 3),
  places AS (SELECT day, device, stream FROM audit_days UNION SELECT day, device, stream FROM waiting)
  SELECT p.day, p.device, p.stream, coalesce(a.receipted, 0) + coalesce(a.refused, 0) + coalesce(w.n, 0) AS received,
    coalesce(a.receipted, 0) + coalesce(a.refused, 0) AS forwarded, coalesce(a.receipted, 0) AS receipted,
    coalesce(a.refused, 0) AS refused, coalesce(w.n, 0) AS waiting
  FROM places p LEFT JOIN audit_days a USING (day, device, stream) LEFT JOIN waiting w USING (day, device, stream)`;

/**
 * Reads the spools of all workers of a site as one. What two workers took is counted at each of them.
 *
 * It is consistent when nobody writes meanwhile; else it may be some commits apart in itself.
 *
 * @throws {StoreError} RT_STORE_FAILED
 */
export async function auditSpools(...spools: readonly Sql[]): Promise<Audit> {
  const days = new Map<string, AuditDay>();
  const parts = new Map<string, StreamPart[]>();
  const quarantined = new Map<string, Audit["quarantined"][number]>();
  for (const sql of spools) {
    for (const one of await sql.all<AuditDay>(DAYS))
      gather(days, `${one.day} ${one.device} ${one.stream}`, one, addDays);
    for (const part of await partsOf(sql)) {
      const name = `${part.device} ${part.epoch} ${part.stream}`;
      parts.set(name, [...(parts.get(name) ?? []), part]);
    }
    for (const one of await sql.all<Audit["quarantined"][number]>(QUARANTINED))
      gather(quarantined, `${one.device} ${one.reason}`, one, (a, b) => ({ ...a, n: a.n + b.n }));
  }
  const streams = sorted(parts, ([{ device = "" } = {}]) => device).map(auditStream);
  const missing = streams.flatMap((one) => one.missing).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return {
    days: sorted(days, ({ day, device, stream }) => `${String(day).padStart(9, "0")} ${device} ${stream}`),
    streams,
    missing,
    quarantined: sorted(quarantined, ({ device, reason }) => `${device} ${reason}`),
  };
}

const QUARANTINED = "SELECT device, reason, count(*) AS n FROM quarantine GROUP BY 1, 2";

/** What one spool knows of a stream. */
interface StreamPart extends Omit<StreamRow, "receipt"> {
  readonly receipt: Receipt | null;
  readonly here: readonly SeqRange[];
}

async function partsOf(sql: Sql): Promise<readonly StreamPart[]> {
  const rows = await sql.all<StreamRow>(
    `SELECT id, device, epoch, stream, ${HIGHEST_SEQ} AS upto, stored_upto AS storedUpto, receipt FROM streams ORDER BY id`,
  );
  const parts: StreamPart[] = [];
  for (const row of rows) {
    const here = await sql.all<{ from_seq: number; to_seq: number }>(
      "SELECT from_seq, to_seq FROM batches WHERE stream_id = ?",
      [row.id],
    );
    const receipt = row.receipt ? decodeReceipt(parseCose1(new Uint8Array(row.receipt)).payload) : null;
    parts.push({ ...row, receipt, here: here.map(({ from_seq: from, to_seq: to }): SeqRange => [from, to]) });
  }
  return parts;
}

/** The engine's latest receipt speaks for all. */
function auditStream(parts: readonly StreamPart[]): AuditStream {
  const latest = parts.reduce((best, one) => (timeOf(one) > timeOf(best) ? one : best));
  const { device, epoch, stream, storedUpto, receipt } = latest;
  const upto = Math.max(...parts.map((part) => part.upto));
  const here = parts.flatMap((part) => part.here).filter(([, to]) => to > storedUpto);
  here.sort(([a], [b]) => a - b);
  const missing = missingIn({ from: storedUpto + 1, to: upto, here, receipt });
  const { tombstoned = [], rejected = [] } = receipt ?? {};
  return { device, epoch, stream, upto, storedUpto, missing, tombstoned, rejected };
}

function timeOf({ receipt }: StreamPart): number {
  return receipt?.storeTimeMs ?? 0;
}

function addDays(a: AuditDay, b: AuditDay): AuditDay {
  return {
    ...a,
    received: a.received + b.received,
    forwarded: a.forwarded + b.forwarded,
    receipted: a.receipted + b.receipted,
    refused: a.refused + b.refused,
    waiting: a.waiting + b.waiting,
  };
}

function gather<One>(all: Map<string, One>, name: string, one: One, add: (a: One, b: One) => One): void {
  const known = all.get(name);
  all.set(name, known ? add(known, one) : one);
}

/** Values in the order of a text; equal ones as they came. */
function sorted<One>(all: ReadonlyMap<string, One>, by: (one: One) => string): One[] {
  return [...all.values()].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
}

/**
 * Numbers from `from` to `to` that neither the spool nor the engine has.
 *
 * @param span.here what the spool has, by its first number
 */
export function missingIn(span: {
  readonly from: number;
  readonly to: number;
  readonly here: readonly SeqRange[];
  readonly receipt: Pick<Receipt, "missing"> | null;
}): readonly SeqRange[] {
  const gaps: SeqRange[] = [];
  let next = span.from;
  for (const [from, to] of [...span.here, [span.to + 1, span.to + 1] as const]) {
    if (from > next) gaps.push([next, Math.min(from - 1, span.to)]);
    next = Math.max(next, to + 1);
  }
  const named = span.receipt?.missing ?? [];
  if (named.length === 0) return gaps;
  // the engine has rows beyond a gap: of those that left the spool, only what it names is missing
  return gaps.flatMap(([from, to]) =>
    named.flatMap(([first, last]): SeqRange[] => {
      const both = [Math.max(from, first), Math.min(to, last)] as const;
      return both[0] <= both[1] ? [both] : [];
    }),
  );
}
