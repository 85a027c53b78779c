import type { StreamKey } from "../../protocol/checkin/batch.ts";
import { encodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { type CoseKey, signCose1 } from "../../protocol/cose.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { ChainPoint } from "../spool/chain.ts";
import type { Held } from "../spool/spool-inlet.ts";

/** Receipts of one stream follow each other no faster than this, milliseconds: a signature costs as much as ten commits. */
export const CUSTODY_EVERY_MS = 1_000;

export interface CustodyDeps {
  /** The gateway's key. */
  readonly signingKey: CoseKey;
  readonly timers: Timers;
  readonly now: () => WallMs;
  /** Says how far streams go on the disk. */
  readonly held: (streams: Iterable<StreamKey>) => Promise<readonly Held[]>;
  readonly send: (key: StreamKey, receipt: Uint8Array) => void;
}

/** Tells kiosks what the gateway has on its disk: the last state of each stream that was heard of, not each batch. */
export class CustodyNotifier {
  readonly #deps: CustodyDeps;
  readonly #heard = new Set<StreamKey>();
  #flushing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;

  constructor(deps: CustodyDeps) {
    this.#deps = deps;
  }

  /** Notes streams of which a commit took batches, or knew them already. */
  heard(streams: ReadonlySet<StreamKey>): void {
    for (const stream of streams) this.#heard.add(stream);
    if (this.#heard.size === 0 || this.#cancel) return;
    this.#cancel = this.#deps.timers.after(CUSTODY_EVERY_MS, () => {
      this.#cancel = null;
      this.#flushing = this.#flushing.then(() => this.#flush());
    });
  }

  /** Signs and sends the gateway's word that a batch does not continue the chain; nothing was taken. */
  async fork(key: StreamKey, agreed: ChainPoint): Promise<void> {
    this.#deps.send(key, await this.#sign("fork", key, agreed));
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#heard.clear();
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    const streams = [...this.#heard];
    this.#heard.clear();
    const held = await this.#deps.held(streams).catch(() => []); // a disk that failed is reported where it is written to
    for (const { key, custody, stored } of held) {
      if (custody.upto > stored.upto) this.#deps.send(key, await this.#sign("custody", key, custody));
    }
  }

  #sign(kind: "custody" | "fork", key: StreamKey, point: ChainPoint): Promise<Uint8Array> {
    const receipt: Receipt = {
      ...key,
      kind,
      upto: point.upto,
      chainHash: point.hash,
      missing: [],
      tombstoned: [],
      rejected: [],
      storeTimeMs: this.#deps.now(),
      n: kind === "fork" ? 0 : point.upto,
    };
    return signCose1(encodeReceipt(receipt), { key: this.#deps.signingKey });
  }
}
