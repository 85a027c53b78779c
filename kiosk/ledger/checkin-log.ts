import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { DayKeys } from "../../protocol/checkin/visitor-tag.ts";
import type { Epoch, VisitorTag } from "../../protocol/ids.ts";

/** What a scan wants written: everything of a record but its place, which the log gives it. */
export type RecordDraft = Omit<CheckinRecord, "seq" | "identity">;

/** One row to append. `seal` is called once, with the row's place, just before the commit. */
export interface Append {
  readonly draft: RecordDraft;
  /** Epoch that an annul's number is of; absent: the one that it is written in. */
  readonly numbering?: Epoch;
  readonly tag: VisitorTag | null;
  readonly seal: ((place: { readonly epoch: Epoch; readonly seq: number }) => SealedRow) | null;
}

/** A sealed identity together with the session that a batch must carry for it. */
export interface SealedRow {
  readonly identity: NonNullable<CheckinRecord["identity"]>;
  readonly session: SessionHeader;
}

/** A committed row, as the open-visit view and the outbox need it. */
export interface LoggedRow {
  readonly record: CheckinRecord;
  readonly encoded: Uint8Array;
  readonly tag: VisitorTag | null;
}

/** A batch whose bounds and hash are on the disk. */
export interface CutBatch {
  readonly from: number;
  readonly to: number;
  readonly hash: Uint8Array;
  readonly payload: Uint8Array;
}

/** How far the engine has confirmed this epoch. */
export interface Watermark {
  /** Rows up to this seq are with the engine. */
  readonly upto: number;
  /** Hash of the batch that ends there. */
  readonly hash: Uint8Array;
}

/** Rows deleted to make room, by what was known of them. */
export interface Eviction {
  readonly receipted: number;
  readonly custody: number;
  /** Unconfirmed rows lost; each range is named by a tombstone of its own. */
  readonly lost: number;
}

/** Sizes for health and status. */
export interface LogSizes {
  readonly rows: number;
  readonly lastSeq: number;
  readonly firstSeq: number;
}

/** What may go, and what stands for what was lost. */
export interface EvictionRequest {
  /** At least so many, in whole batches. */
  readonly rows: number;
  /** Rows up to this one are on the gateway's disk. */
  readonly custodyUpto: number;
  /** Only rows that are with the engine or the gateway; default: whatever is oldest. */
  readonly safeOnly?: boolean;
  readonly tombstone: RecordDraft;
}

/**
 * One stream of a kiosk's ledger: rows that are never rewritten, batches that are never cut again.
 *
 * When `append` resolves, the rows survive a power cut. Appends that arrive together share one commit. All methods may throw
 * {StoreError} RT_STORE_FAILED; a failed append leaves no trace.
 */
export interface StreamLog {
  /** Device, epoch and stream of the rows written now. */
  readonly key: StreamKey;
  readonly watermark: Watermark;
  /** Highest seq written in this epoch, 0 before the first. */
  readonly lastSeq: number;
  /** Commits rows, in one transaction for the whole call. @returns the committed rows */
  append(rows: readonly Append[]): Promise<readonly LoggedRow[]>;
  /** Rows in order of seq from `from`, at most `limit`. */
  read(from: number, limit: number): Promise<readonly LoggedRow[]>;
  /** Fixes the bounds of rows that no batch holds yet, oldest first. @returns how many batches were cut */
  cutPending(): Promise<number>;
  /** The first cut batch that begins after `seq`, or null. */
  nextBatch(seq: number): Promise<CutBatch | null>;
  /** The cut batch that ends at `seq`, or null when there is none or its rows are gone. */
  hashAt(seq: number): Promise<Uint8Array | null>;
  /** Notes what the engine confirmed; written with the next commit, since a lost note is only sent again. */
  confirm(watermark: Watermark): void;
  /** Deletes rows with a store receipt up to `seq`. @returns rows deleted */
  prune(seq: number): Promise<number>;
  /** Makes room, oldest rows first; what nobody has confirmed is named by a tombstone of this stream. */
  evict(request: EvictionRequest): Promise<Eviction>;
  /** Goes on in a new epoch: every unconfirmed row is issued again there, its seals untouched. @returns rows issued again */
  startEpoch(): Promise<number>;
  sizes(): Promise<LogSizes>;
}

/** The ledger of one kiosk: the stream of check-ins, and beside it in the same file what the radio heard. */
export interface CheckinLog extends StreamLog {
  /** Stream `p`; closed with this one. */
  readonly presence: StreamLog;
  readonly dayKeys: DayKeys;
  /** Site day that the day keys belong to, or null before the first trusted clock. */
  readonly dayKeysDay: number | null;
  /** Replaces the day keys. The older ones are on the disk until {@link CheckinLog.wipe} says otherwise. */
  saveDayKeys(keys: DayKeys, siteDay: number | null): Promise<void>;
  /**
   * Takes keys that were replaced off the disk: out of the file, its write-ahead log and copies of damaged ledgers.
   *
   * @returns whether none is left; false while another process reads the ledger, then ask again
   */
  wipe(): Promise<boolean>;
  /** Rows up to this one are of people who have all left, says a member of staff; 0 when nobody said so in this epoch. */
  readonly emptiedUpto: number;
  /** Notes that everybody has left who came by the last row or before. */
  noteEmptied(): Promise<void>;
  /** Whether the file may grow. On a full disk it must not: what is left belongs to the write-ahead log of the eviction itself. */
  allowGrowth(allowed: boolean): Promise<void>;
  close(): Promise<void>;
}
