import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import { GroupCommit } from "../../runtime/sqlite/group-commit.ts";
import { type BatchFrame, type BatchHead, readBatchFrame } from "./batch-frame.ts";
import { type ChainLink, judgeBatch, needsNeighbours } from "./chain.ts";
import { GroupRoom, GroupWriter } from "./group-writer.ts";
import { type Acceptance, BATCH_LEAVES, type QuarantineReason, type Sender } from "./spool.ts";
import type { StreamState, StreamTable } from "./stream-table.ts";

interface BatchJob {
  readonly kind: "batch";
  readonly sender: Sender;
  readonly body: Uint8Array;
  readonly frame: BatchFrame;
}

interface BadJob {
  readonly kind: "bad";
  readonly sender: Sender;
  readonly body: Uint8Array;
  readonly reason: QuarantineReason;
}

export interface SpoolOptions {
  readonly db: Database;
  readonly streams: StreamTable;
  readonly crypto: CryptoPort;
  readonly site: SiteId;
  readonly now: () => WallMs;
  /** Messages of all clients that share one flush, at most; 1 commits each alone. */
  readonly maxGroup: number;
  /** Called after each commit with the streams whose batches it took, or knew already: their kiosks wait for the gateway's word. */
  readonly onCommit: (heard: ReadonlySet<StreamKey>) => void;
  /** Told about how many bytes each commit added to the write-ahead log. */
  readonly onWritten: (bytes: number) => void;
}

/** What the gateway can answer for, of one stream. */
export type Held = Pick<StreamState, "key" | "custody" | "stored">;

/**
 * The way into the spool: each message is judged and written, and the promise resolves when it is on the disk.
 *
 * All clients share commits. A message is judged within the turn that writes it, after every message before it; when that fails, memory
 * is forgotten and read again. Memory runs ahead of the disk by what waits for its flush, so whoever speaks for the disk asks
 * {@link heldOf}.
 */
export class SpoolInlet {
  readonly #options: SpoolOptions;
  readonly #room = new GroupRoom();
  /** How the last message of each device began, by leaf. */
  readonly #heads = { checkins: new Map<DeviceId, BatchHead>(), presence: new Map<DeviceId, BatchHead>() };
  readonly #group: GroupCommit<BatchJob | BadJob, Acceptance>;

  constructor(options: SpoolOptions) {
    this.#options = options;
    const { maxGroup } = options;
    const alone = (): void => {}; // a commit each, a flush each: nothing begins while one waits for the disk
    this.#group = new GroupCommit({
      commit: (jobs, next) => this.#commit(jobs, maxGroup > 1 ? next : alone),
      maxGroup,
    });
  }

  /**
   * Takes a published batch, good or bad.
   *
   * @returns what became of it, once that is on the disk
   * @throws {StoreError} RT_STORE_FAILED when the commit fails; nothing is kept then and the device must send again
   */
  accept(sender: Sender, body: Uint8Array): Promise<Acceptance> {
    return this.#group.add(this.#read(sender, body));
  }

  /** Resolves when nothing waits for a commit. */
  idle(): Promise<void> {
    return this.#group.idle();
  }

  #read(sender: Sender, body: Uint8Array): BatchJob | BadJob {
    const bad = (reason: QuarantineReason): BadJob => ({ kind: "bad", sender, body, reason });
    try {
      const heads = this.#heads[sender.leaf];
      const known = heads.get(sender.device) ?? null;
      const frame = readBatchFrame(this.#options.crypto, body, known);
      const { head } = frame;
      if (head === known) return { kind: "batch", sender, body, frame };
      if (head.device !== sender.device || head.site !== this.#options.site) return bad("foreign_device");
      if (head.stream !== BATCH_LEAVES[sender.leaf]) return bad("wrong_stream");
      heads.set(sender.device, head);
      return { kind: "batch", sender, body, frame };
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      return bad("malformed");
    }
  }

  async #commit(jobs: readonly (BatchJob | BadJob)[], next: () => void): Promise<readonly Acceptance[]> {
    const { db, streams, now, onCommit, onWritten } = this.#options;
    const heard = new Set<StreamKey>();
    let bytes = 0;
    const written = (): void => {
      onWritten(bytes + heard.size * INDEX_PAGE_BYTES);
      next();
    };
    const results = await db.inTurn(
      async (turn) => {
        const writer = new GroupWriter(this.#room, now());
        const done: Acceptance[] = [];
        for (const job of jobs) {
          const quick = this.#quick(job, writer, heard);
          done.push(quick ?? (await this.#slow(await turn.begin(), job, writer, heard)));
        }
        await writer.conclude(turn);
        bytes = writer.bytes;
        return done;
      },
      { written, undone: () => streams.clear() },
    );
    onCommit(heard);
    return results;
  }

  /**
   * How far some streams go without a gap, once that is on the disk. Streams whose books a failed commit has just made the gateway
   * forget are left out: they are heard of again.
   *
   * @throws {StoreError} RT_STORE_FAILED when the disk has failed
   */
  heldOf(keys: Iterable<StreamKey>): Promise<readonly Held[]> {
    const copy = ({ key, custody, stored }: StreamState): Held => ({ key, custody, stored });
    const books = (): readonly StreamState[] => [
      ...new Set([...keys].flatMap((key) => this.#options.streams.cached(key) ?? [])),
    ];
    return this.#options.db.inTurn(() => Promise.resolve(books().map(copy)));
  }

  /** The usual case, without a wait: the next batch of a stream whose books are in memory. */
  #quick(job: BatchJob | BadJob, writer: GroupWriter, heard: Set<StreamKey>): Acceptance | null {
    if (job.kind === "bad") return quarantine(job, job.reason, writer);
    const state = this.#options.streams.cached(job.frame.head);
    if (!state || needsNeighbours(state, job.frame) || !hasPrefix(state, job)) return null;
    return this.#conclude(job, state, writer, heard, []);
  }

  async #slow(sql: Sql, job: BatchJob | BadJob, writer: GroupWriter, heard: Set<StreamKey>): Promise<Acceptance> {
    if (job.kind === "bad") return quarantine(job, job.reason, writer);
    const { streams } = this.#options;
    const { head } = job.frame;
    if (!streams.cached(head)) await writer.flush(sql); // books are read from the tables, so these must be complete
    const state = await streams.of(sql, head);
    if (!state) return quarantine(job, "too_many_epochs", writer);
    if (!hasPrefix(state, job)) {
      await writer.flush(sql); // a prefix that waiting batches use must not look unused
      await streams.usePrefix(sql, state, head.prefix);
    }
    if (!needsNeighbours(state, job.frame)) return this.#conclude(job, state, writer, heard, []);
    if (state.recent.has(job.frame)) {
      writer.redeliver(state.id, job.frame.from);
      heard.add(state.key);
      return { kind: "duplicate", key: state.key };
    }
    await writer.flush(sql); // the neighbours may be in this very group
    const neighbours = await streams.neighbours(sql, state.id, job.frame);
    const result = this.#conclude(job, state, writer, heard, neighbours);
    if (result.kind === "duplicate") writer.redeliver(state.id, job.frame.from);
    if (result.kind === "stored" && state.custody.upto === job.frame.to) {
      await writer.flush(sql);
      await streams.measureCustody(sql, state);
    }
    return result;
  }

  #conclude(
    job: BatchJob,
    state: StreamState,
    writer: GroupWriter,
    heard: Set<StreamKey>,
    neighbours: readonly ChainLink[],
  ): Acceptance {
    const verdict = judgeBatch(state, job.frame, neighbours);
    switch (verdict.kind) {
      case "appended":
      case "late":
        writer.insert(
          { streamId: state.id, prefixId: state.prefix?.id ?? 0, prefixBytes: job.frame.head.prefix.length },
          job.frame,
          job.body,
        );
        this.#options.streams.append(state, job.frame);
        heard.add(state.key);
        return STORED;
      case "duplicate":
        heard.add(state.key);
        return { kind: "duplicate", key: state.key };
      case "fork":
        quarantine(job, "fork", writer);
        return { kind: "fork", key: state.key, agreed: verdict.agreed };
    }
  }
}

/** The index has one busy page a stream, in every commit. */
const INDEX_PAGE_BYTES = 4_096;
const STORED: Acceptance = { kind: "stored" };

function hasPrefix({ prefix }: StreamState, { frame }: BatchJob): boolean {
  return prefix !== null && (prefix.bytes === frame.head.prefix || prefix.bytes.equals(frame.head.prefix));
}

function quarantine(job: BatchJob | BadJob, reason: QuarantineReason, writer: GroupWriter): Acceptance {
  writer.quarantine({ ...job.sender, reason, body: job.body });
  return { kind: "quarantined", device: job.sender.device, reason };
}
