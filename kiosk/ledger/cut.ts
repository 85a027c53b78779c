import { toHex } from "../../protocol/bytes.ts";
import {
  BATCH_MAX_BYTES,
  BATCH_MAX_ROWS,
  batchHash,
  encodeBatch,
  type StreamKey,
} from "../../protocol/checkin/batch.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { CutBatch, LoggedRow, Watermark } from "./checkin-log.ts";

/** What a batch needs besides its rows. */
export interface CutContext {
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly key: StreamKey;
  /** Headers of the sealing sessions by id in hex. */
  readonly sessions: ReadonlyMap<string, SessionHeader>;
}

/** Builds the one batch that these contiguous rows make after `previous`. The same input gives the same bytes. */
export function buildBatch(context: CutContext, previous: Watermark, rows: readonly LoggedRow[]): CutBatch {
  const used = new Map<string, SessionHeader>();
  for (const { record } of rows) {
    const id = record.identity && toHex(record.identity.session);
    const header = id === undefined ? undefined : context.sessions.get(id);
    if (id !== undefined && header) used.set(id, header);
  }
  const from = previous.upto + 1;
  const to = previous.upto + rows.length;
  const payload = encodeBatch({
    ...context.key,
    site: context.site,
    from,
    to,
    previousHash: previous.hash,
    sessions: [...used.values()],
    rows: rows.map(({ encoded }) => encoded),
  });
  return { from, to, payload, hash: batchHash(context.crypto, payload) };
}

/** Cuts contiguous rows that follow `after` into batches. @returns where each ends */
export function cutRows(context: CutContext, after: Watermark, rows: readonly LoggedRow[]): readonly Watermark[] {
  let last = after;
  return splitForBatches(rows).map((run) => {
    const { to, hash } = buildBatch(context, last, run);
    last = { upto: to, hash };
    return last;
  });
}

/** Splits rows into runs of at most 200 rows and about 32 KB, in order. */
export function splitForBatches(rows: readonly LoggedRow[]): readonly (readonly LoggedRow[])[] {
  const runs: LoggedRow[][] = [];
  let bytes = BATCH_MAX_BYTES;
  for (const row of rows) {
    const run = runs.at(-1);
    if (!run || run.length >= BATCH_MAX_ROWS || bytes + row.encoded.length > BATCH_MAX_BYTES) {
      runs.push([row]);
      bytes = row.encoded.length;
    } else {
      run.push(row);
      bytes += row.encoded.length;
    }
  }
  return runs;
}
