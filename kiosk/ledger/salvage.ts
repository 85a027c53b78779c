import { toHex } from "../../protocol/bytes.ts";
import type { CheckinRecord, RecordOrigin } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { Epoch } from "../../protocol/ids.ts";
import type { Database } from "../../runtime/sqlite/database.ts";
import type { Append, LoggedRow, RecordDraft } from "./checkin-log.ts";
import { readStreamFacts } from "./facts.ts";
import { MissingRows, type SeqSpan } from "./missing-rows.ts";
import { reissue } from "./reissue.ts";
import { TABLES } from "./rows.ts";
import type { SqliteStreamLog } from "./sqlite-stream-log.ts";
import { readable, readableRows, readableSessions } from "./still-readable.ts";

/** Rows that one transaction takes over. */
const ROWS_PER_COMMIT = 500;

/** What a salvage brought home. */
export interface Salvage {
  readonly rows: number;
  /** Rows that are lost, each named by a tombstone where its number is known. */
  readonly lost: number;
}

/** Nothing was there. */
export const NOTHING_SALVAGED: Salvage = { rows: 0, lost: 0 };

/** Where rows are taken over from. */
export interface SalvageSource {
  /** The damaged ledger, opened for reading. */
  readonly database: Database;
  /** The stream's epoch as it stands beside the ledger, for when the ledger itself no longer tells. */
  readonly copiedEpoch: Epoch | undefined;
  /** Whether to leave behind what the engine has confirmed: on a full disk. */
  readonly unconfirmedOnly: boolean;
}

/**
 * Issues every row of a stream that a damaged ledger still gives again in a new log, and names those that it does not give. Never fails
 * for a bad row.
 *
 * @throws {StoreError} RT_STORE_FAILED when the new log cannot be written
 */
export async function salvageStream(source: SalvageSource, into: SqliteStreamLog): Promise<Salvage> {
  const { database, copiedEpoch, unconfirmedOnly } = source;
  const tables = TABLES[into.key.stream];
  const facts = await readable(() => readStreamFacts(database, into.key.stream));
  const epoch = facts?.epoch ?? copiedEpoch;
  if (epoch === undefined) return NOTHING_SALVAGED;
  const confirmed = facts?.watermark.upto ?? 0;
  const sessions = await readableSessions(database, tables);
  const missing = new MissingRows(facts?.floor.upto ?? null);
  const writer = new Writer(into);
  let last: CheckinRecord | null = null;
  for await (const found of readableRows(database, tables)) {
    if ("badSeq" in found) {
      missing.bad(found.badSeq);
      continue;
    }
    last = found.row.record;
    missing.good(last.seq);
    if (!unconfirmedOnly || last.seq > confirmed) await writer.add(again(found.row, epoch, sessions));
  }
  const rows = writer.count;
  const lost = missing.after(confirmed);
  let seq = missing.end;
  for (const span of lost) if (last) await writer.add(tombstone(span, last, { epoch, seq: ++seq }));
  await writer.flush();
  return { rows, lost: lost.reduce((sum, { from, to }) => sum + to - from + 1, 0) };
}

/** Gathers appends into transactions of some hundred rows. */
class Writer {
  readonly #log: SqliteStreamLog;
  #waiting: Append[] = [];
  count = 0;

  constructor(log: SqliteStreamLog) {
    this.#log = log;
  }

  async add(append: Append): Promise<void> {
    this.#waiting.push(append);
    this.count += 1;
    if (this.#waiting.length >= ROWS_PER_COMMIT) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#waiting;
    this.#waiting = [];
    if (rows.length > 0) await this.#log.append(rows);
  }
}

/** The row with its seals and origin as they are. */
function again({ record, tag }: LoggedRow, epoch: Epoch, sessions: ReadonlyMap<string, SessionHeader>): Append {
  const { identity, seq: _, ...draft } = reissue(record, epoch, 1);
  const session = identity && sessions.get(toHex(identity.session));
  return { draft, tag, seal: identity && session ? () => ({ identity, session }) : null };
}

/** Stands for lost rows, where and when the last good row was written; `origin` makes it count in their numbering. */
function tombstone(lost: SeqSpan, neighbour: CheckinRecord, origin: RecordOrigin): Append {
  const { venue, gate, boot, boottimeMs, wallMs, clock, uncertaintyMs } = neighbour;
  const place = { venue, gate, boot, boottimeMs, wallMs, clock, uncertaintyMs };
  const nobody = { scheme: "none", party: 0, evidence: "none" } as const;
  const draft: RecordDraft = {
    ...place,
    ...nobody,
    kind: "tombstone",
    lost: { ...lost, reason: "corrupt_file" },
    origin,
  };
  return { draft, tag: null, seal: null };
}
