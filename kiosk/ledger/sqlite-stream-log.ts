import { toHex } from "../../protocol/bytes.ts";
import { genesisHash, type StreamKey } from "../../protocol/checkin/batch.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { DeviceId, Epoch, SiteId, Stream } from "../../protocol/ids.ts";
import { type Database, type Sql, StoreCorruptError } from "../../runtime/sqlite/database.ts";
import { GroupCommit } from "../../runtime/sqlite/group-commit.ts";
import type {
  Append,
  CutBatch,
  Eviction,
  EvictionRequest,
  LoggedRow,
  LogSizes,
  RecordDraft,
  StreamLog,
  Watermark,
} from "./checkin-log.ts";
import { buildBatch, type CutContext, cutRows } from "./cut.ts";
import { evictRows } from "./evict.ts";
import { type StreamFact, type StreamFacts, writeStreamFacts } from "./facts.ts";
import { placeRow } from "./place-row.ts";
import { reissueRows } from "./reissue.ts";
import { type DiskRow, ROWS_PER_INSERT, type StreamTables, TABLES } from "./rows.ts";

/** Most appends that one commit takes up. */
const MAX_GROUP = 256;
/** Rows that are read to find a batch's end: most have one or a few, and none more than the last of these. */
const BATCH_LOOKS = [8, 256];
/** Commits after which a confirmation that is only in memory is written along. */
const LAZY_COMMITS = 64;

/** What the log is opened with; made by kiosk/ledger/open-ledger.ts. */
export interface LogDeps {
  readonly stream: Stream;
  readonly database: Database;
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly facts: StreamFacts;
  /** Headers of the sealing sessions that are on the disk, by id in hex; kept in step with it. */
  readonly sessions: Map<string, SessionHeader>;
  /** Highest seq on the disk, and the last batch cut. */
  readonly lastSeq: number;
  readonly lastCut: Watermark;
  /** Told of each new epoch before its first row is written. Must not throw. */
  readonly epochBegun?: (epoch: Epoch) => Promise<void>;
}

/** A {@link StreamLog} over SQLite. One commit a call, one page a small commit, no index. */
export class SqliteStreamLog implements StreamLog {
  readonly #deps: LogDeps;
  readonly #tables: StreamTables;
  readonly #appends: GroupCommit<readonly Append[], readonly LoggedRow[]>;
  #facts: StreamFacts;
  #lastSeq: number;
  #lastCut: Watermark;
  #unsavedConfirmations = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: LogDeps) {
    this.#deps = deps;
    this.#tables = TABLES[deps.stream];
    this.#facts = deps.facts;
    this.#lastSeq = deps.lastSeq;
    this.#lastCut = deps.lastCut;
    this.#appends = new GroupCommit({
      commit: (jobs) => this.#exclusive(() => this.#commit(jobs)),
      maxGroup: MAX_GROUP,
    });
  }

  get key(): StreamKey {
    return { device: this.#deps.device, epoch: this.#facts.epoch, stream: this.#deps.stream };
  }

  get watermark(): Watermark {
    return this.#facts.watermark;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  append(rows: readonly Append[]): Promise<readonly LoggedRow[]> {
    return this.#appends.add(rows);
  }

  read(from: number, limit: number): Promise<readonly LoggedRow[]> {
    return this.#exclusive(() => this.#tables.selectRows(this.#deps.database, from, limit));
  }

  cutPending(): Promise<number> {
    return this.#exclusive(async () => {
      if (this.#lastCut.upto >= this.#lastSeq) return 0;
      const pending = await this.#tables.selectRows(this.#deps.database, this.#lastCut.upto + 1, MAX_GROUP * 8);
      const cuts = cutRows(this.#context(), this.#lastCut, pending);
      const last = cuts.at(-1);
      if (!last) return 0;
      await this.#deps.database.transaction(async (sql) => {
        for (const { upto, hash } of cuts) await this.#tables.setCut(sql, upto, hash);
      });
      this.#lastCut = last;
      return cuts.length;
    });
  }

  nextBatch(seq: number): Promise<CutBatch | null> {
    return this.#exclusive(async () => {
      const after = Math.max(seq, this.#facts.floor.upto);
      if (after >= this.#lastCut.upto) return null;
      const previous = await this.#hashAt(after);
      if (!previous) return null;
      for (const limit of BATCH_LOOKS) {
        const rows = await this.#tables.selectRows(this.#deps.database, after + 1, limit);
        const end = rows.findIndex(({ cut }) => cut !== null);
        if (end >= 0) return buildBatch(this.#context(), { upto: after, hash: previous }, rows.slice(0, end + 1));
      }
      return null;
    });
  }

  hashAt(seq: number): Promise<Uint8Array | null> {
    return this.#exclusive(() => this.#hashAt(seq));
  }

  confirm(watermark: Watermark): void {
    this.#facts = { ...this.#facts, watermark };
    this.#unsavedConfirmations = Math.max(1, this.#unsavedConfirmations);
  }

  prune(seq: number): Promise<number> {
    return this.#exclusive(async () => {
      const upto = Math.min(seq, this.#facts.watermark.upto);
      const hash = await this.#hashAt(upto);
      if (!hash || upto <= this.#facts.floor.upto) return 0;
      return this.#dropUpto({ upto, hash });
    });
  }

  evict({ rows, custodyUpto, safeOnly = false, tombstone }: EvictionRequest): Promise<Eviction> {
    return this.#exclusive(async () => {
      const plan = await evictRows(this.#deps.database, {
        rows,
        custodyUpto,
        safeOnly,
        facts: this.#facts,
        lastCut: this.#lastCut,
        tables: this.#tables,
      });
      if (plan.lost)
        await this.#bury(plan.floor, { ...tombstone, kind: "tombstone", lost: { ...plan.lost, reason: "disk_full" } });
      else if (plan.floor.upto > this.#facts.floor.upto) await this.#dropUpto(plan.floor);
      return plan.counts;
    });
  }

  startEpoch(): Promise<number> {
    return this.#exclusive(async () => {
      const epoch = toHex(this.#deps.crypto.randomBytes(8)) as Epoch;
      const start = { upto: 0, hash: genesisHash(this.#deps.crypto, { ...this.key, epoch }) };
      const facts = { epoch, watermark: start, floor: start };
      const issued = await this.#deps.database.transaction(async (sql) => {
        const again = await reissueRows(sql, {
          tables: this.#tables,
          from: this.#facts.watermark.upto + 1,
          epoch: this.#facts.epoch,
          sessions: this.#deps.sessions,
        });
        await this.#writeFacts(sql, facts);
        return again;
      });
      this.#facts = facts;
      this.#lastSeq = issued.rows;
      this.#lastCut = start;
      this.#forget([...this.#deps.sessions.keys()].filter((id) => !issued.sessions.has(id)));
      await this.#deps.epochBegun?.(epoch);
      return issued.rows;
    });
  }

  sizes(): Promise<LogSizes> {
    return this.#exclusive(async () => ({
      rows: this.#lastSeq - this.#facts.floor.upto,
      firstSeq: this.#facts.floor.upto + 1,
      lastSeq: this.#lastSeq,
    }));
  }

  /** Resolves when everything that was begun is on the disk, and what was only noted too. The database stays open. */
  async settle(): Promise<void> {
    await this.#appends.idle();
    await this.#exclusive(() =>
      this.#deps.database.transaction((sql) => this.#writeFacts(sql, this.#facts, ["watermark"])),
    );
  }

  /** Deletes rows and writes their tombstone in one transaction: on a full disk the one makes the room for the other. */
  async #bury(floor: Watermark, tombstone: RecordDraft): Promise<void> {
    const facts = { ...this.#facts, floor };
    let gone: readonly string[] = [];
    await this.#commit([[{ draft: tombstone, tag: null, seal: null }]], async (sql) => {
      gone = (await this.#tables.deleteRows(sql, floor.upto)).sessions;
      await this.#writeFacts(sql, facts, ["floor", "watermark"]);
    });
    this.#facts = facts;
    this.#forget(gone);
  }

  async #commit(
    jobs: readonly (readonly Append[])[],
    first?: (sql: Sql) => Promise<void>,
  ): Promise<readonly (readonly LoggedRow[])[]> {
    let seq = this.#lastSeq;
    const fresh = new Map<number, SessionHeader>();
    const due = this.#unsavedConfirmations >= LAZY_COMMITS;
    try {
      const known = { sessions: this.#deps.sessions, fresh };
      const placed = jobs.map((job) =>
        job.map((append) => placeRow(append, { epoch: this.#facts.epoch, seq: ++seq }, known)),
      );
      const rows = placed.flat();
      // rows that follow the last batch directly are cut with the commit that writes them: no second flush for the bounds
      const cuts = this.#lastCut.upto === this.#lastSeq ? cutRows(this.#context(), this.#lastCut, rows) : [];
      const ends = new Map(cuts.map(({ upto, hash }) => [upto, hash]));
      const onDisk = rows.map((row): DiskRow => ({ ...row, cut: ends.get(row.record.seq) ?? null }));
      const isPlain = !first && fresh.size === 0 && !due && rows.length <= ROWS_PER_INSERT;
      await this.#deps.database.inTurn(async (turn) => {
        if (isPlain) return this.#tables.insertRows({ run: (text, params) => turn.single(text, params) }, onDisk);
        const sql = await turn.begin();
        await first?.(sql);
        for (const [seqOfFirst, header] of fresh) await this.#tables.insertSession(sql, seqOfFirst, header);
        await this.#tables.insertRows(sql, onDisk);
        if (due) await this.#writeFacts(sql, this.#facts, ["watermark"]);
      });
      this.#lastSeq = seq;
      this.#lastCut = cuts.at(-1) ?? this.#lastCut;
      this.#unsavedConfirmations = due || this.#unsavedConfirmations === 0 ? 0 : this.#unsavedConfirmations + 1;
      return placed;
    } catch (fault) {
      this.#forget([...fresh.values()].map(({ id }) => toHex(id)));
      throw fault;
    }
  }

  /** The bounds that are asked for with every batch are in memory; what lies below the floor is on the disk no more. */
  async #hashAt(seq: number): Promise<Uint8Array | null> {
    const { floor, watermark } = this.#facts;
    const known = [floor, watermark, this.#lastCut].find(({ upto }) => upto === seq && upto >= floor.upto);
    return known?.hash ?? this.#tables.cutAt(this.#deps.database, seq);
  }

  async #dropUpto(floor: Watermark): Promise<number> {
    const facts = { ...this.#facts, floor };
    const gone = await this.#deps.database.transaction(async (sql: Sql) => {
      const deleted = await this.#tables.deleteRows(sql, floor.upto);
      await this.#writeFacts(sql, facts, ["floor", "watermark"]);
      return deleted;
    });
    this.#facts = facts;
    this.#unsavedConfirmations = 0;
    this.#forget(gone.sessions);
    return gone.rows;
  }

  /** The disk no longer has these sessions: the next row that uses one must write it again. */
  #forget(sessions: readonly string[]): void {
    for (const id of sessions) this.#deps.sessions.delete(id);
  }

  #writeFacts(sql: Sql, facts: StreamFacts, names?: readonly StreamFact[]): Promise<void> {
    return writeStreamFacts(sql, { ...facts, stream: this.#deps.stream, ...(names && { names }) });
  }

  #context(): CutContext {
    const { crypto, site, sessions } = this.#deps;
    return { crypto, site, key: this.key, sessions };
  }

  /** Runs one job at a time, state and transaction together. */
  #exclusive<Result>(job: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(job);
    this.#tail = turn.catch((fault: unknown) => {
      if (fault instanceof StoreCorruptError) this.#deps.database.noteDamage(fault); // the watchdog asks for it
    }); // the caller gets the fault; the queue goes on
    return turn;
  }
}
