import type { Receipt } from "../../protocol/checkin/receipt.ts";
import type { CoseKey } from "../../protocol/cose.ts";
import { signCose1 } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { StreamLog } from "../ledger/checkin-log.ts";
import { applyReceipt, openReceipt, type ReceiptKeys } from "./receipts.ts";
import type { UplinkTransport } from "./transport.ts";

/** How this kiosk signs: its device key, and the chain that the engine checks it by. */
export interface DeviceSigner {
  readonly key: CoseKey;
  /** DER of the device's certificate and its site's. */
  readonly chain: readonly Uint8Array[];
}

export interface UplinkDeps {
  /** The stream that is sent: `c` on `checkins`, `p` on `presence`. */
  readonly log: StreamLog;
  readonly transport: UplinkTransport;
  readonly signer: DeviceSigner;
  readonly receiptKeys: ReceiptKeys;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Up to which receipted row this stream may be deleted now; default: all of them. */
  readonly prunable?: (log: StreamLog) => Promise<number>;
  /** Told whenever `status` may have changed. */
  readonly changed: () => void;
}

/** What screen, health and `status` show of the way to the gateway. */
export interface UplinkStatus {
  readonly online: boolean;
  /** Rows that the broker has acknowledged in this run, or the engine has confirmed. It may be a broker that forgets them. */
  readonly acknowledgedUpto: number;
  /** Rows that the gateway has signed for in this run, or the engine has confirmed: on a disk other than this kiosk's. */
  readonly custodyUpto: number;
  readonly confirmedUpto: number;
  readonly forks: number;
  readonly rejectedRows: number;
}

/** Batches that got no store receipt are sent again after this time, then after twice that, up to the maximum. */
const RESEND_FIRST_MS = 60_000;
const RESEND_MAX_MS = 1_800_000;
/** Receipted rows are deleted this often. */
const PRUNE_EVERY_MS = 6 * 3_600_000;
/** By then the receipts are here again that the last run had, but had not written down. */
const SECOND_PRUNE_MS = 600_000;

/** Sends the batches of one stream in order, and lets the ledger forget what the engine confirmed. The ledger is the queue. */
export class Uplink {
  readonly #deps: UplinkDeps;
  #online = false;
  #sentUpto: number;
  #acknowledgedUpto = 0;
  #custodyUpto = 0;
  #forks = 0;
  #rejectedRows = 0;
  #lastStoreTimeMs = 0;
  #receipts: Promise<void> = Promise.resolve();
  #resendMs = RESEND_FIRST_MS;
  #pumping: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #stopPruning = (): void => {};
  #cancelSecondPrune = (): void => {};
  #cancelResend = (): void => {};

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
    this.#sentUpto = deps.log.watermark.upto;
  }

  get status(): UplinkStatus {
    const { upto } = this.#deps.log.watermark;
    return {
      online: this.#online,
      acknowledgedUpto: Math.max(this.#acknowledgedUpto, this.#custodyUpto, upto),
      custodyUpto: Math.max(this.#custodyUpto, upto),
      confirmedUpto: upto,
      forks: this.#forks,
      rejectedRows: this.#rejectedRows,
    };
  }

  /** Forks answered in this run. */
  get forks(): number {
    return this.#forks;
  }

  /** Starts the timers for sending again and for deleting. */
  open(): void {
    this.#stopPruning = every(this.#deps.timers, PRUNE_EVERY_MS, () => void this.prune());
    this.#armResend();
  }

  /** The transport came up or went down. */
  connection(online: boolean): void {
    this.#online = online;
    this.#deps.changed();
    if (online) this.wake();
  }

  /** Sends what there is to send; call it after every commit. */
  wake(): void {
    this.#again = true;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = null;
      if (this.#again && this.#online && !this.#closed) this.wake();
    });
  }

  /** Handles a message on the `receipt` topic, in the order of the calls; a bad one is counted and changes nothing. */
  receipt(bytes: Uint8Array): Promise<void> {
    const turn = this.#receipts.then(() => this.#handle(bytes));
    this.#receipts = turn.catch(() => undefined); // the caller gets the fault; the next receipt is handled
    return turn;
  }

  async #handle(bytes: Uint8Array): Promise<void> {
    try {
      const receipt = await openReceipt(bytes, this.#deps.receiptKeys);
      await this.#apply(receipt);
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      this.#deps.logger.warn("receipt.refused", faultFields(fault));
    }
  }

  /** The time is known: deletes now and once more in some minutes, since a kiosk may not run until the round of every six hours. */
  async timeKnown(): Promise<void> {
    this.#cancelSecondPrune = this.#deps.timers.after(SECOND_PRUNE_MS, () => void this.prune());
    await this.prune();
  }

  /** Deletes rows that the engine has confirmed and that nobody needs any more; what cannot be deleted now, the next round deletes. */
  async prune(): Promise<void> {
    const { log, logger, prunable } = this.#deps;
    try {
      const rows = await log.prune(prunable ? await prunable(log) : log.watermark.upto);
      if (rows > 0) logger.info("ledger.pruned", { rows });
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      logger.error("ledger.not_pruned", faultFields(fault)); // the next round tries again
    }
  }

  /** Resolves when nothing is being sent any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopPruning();
    this.#cancelSecondPrune();
    this.#cancelResend();
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    while (this.#again && this.#online && !this.#closed) {
      this.#again = false;
      try {
        const cut = await this.#deps.log.cutPending();
        await this.#sendAll();
        if (cut > 0) this.#again = true; // a backlog larger than one look: nobody else wakes this for its rest
      } catch (fault) {
        if (!(fault instanceof BluepostError)) throw fault;
        const report = fault.recovery === "operator" ? "error" : "warn";
        this.#deps.logger[report]("uplink.interrupted", faultFields(fault)); // the next commit or connection tries again
        return;
      }
    }
  }

  async #sendAll(): Promise<void> {
    const { log, transport, signer } = this.#deps;
    while (this.#online && !this.#closed) {
      const { epoch } = log.key;
      const batch = await log.nextBatch(this.#sentUpto);
      if (!batch) return;
      const message = await signCose1(batch.payload, { key: signer.key, x5chain: signer.chain });
      await transport.publish(log.key.stream === "c" ? "checkins" : "presence", message, { qos: 1 });
      if (log.key.epoch !== epoch) continue; // a fork was answered meanwhile: this number belongs to the past epoch
      this.#sentUpto = Math.max(this.#sentUpto, batch.to);
      this.#acknowledgedUpto = Math.max(this.#acknowledgedUpto, batch.to);
      this.#deps.changed();
    }
  }

  async #apply(receipt: Receipt): Promise<void> {
    const { log, logger } = this.#deps;
    const before = log.watermark.upto;
    const effect = await applyReceipt(log, receipt, this.#lastStoreTimeMs);
    switch (effect.kind) {
      case "foreign":
        logger.info("receipt.foreign", { kind: receipt.kind });
        return;
      case "late":
        return;
      case "fork":
        return this.#fork();
      case "custody":
        this.#custodyUpto = Math.max(this.#custodyUpto, Math.min(effect.upto, this.#sentUpto));
        break;
      case "rewound":
        logger.warn("receipt.rewound", { upto: effect.upto });
        this.#sendFrom(effect.upto);
        break;
      case "confirmed":
        if (effect.upto > before) this.#resendMs = RESEND_FIRST_MS; // the gateway repeats its last one for each batch sent again
        this.#noteRejected(receipt);
        if (receipt.missing[0]) this.#sendFrom(receipt.missing[0][0] - 1);
        break;
    }
    if (receipt.kind === "store") this.#lastStoreTimeMs = receipt.storeTimeMs;
    this.#deps.changed();
  }

  #noteRejected(receipt: Receipt): void {
    if (receipt.storeTimeMs <= this.#lastStoreTimeMs || receipt.rejected.length === 0) return;
    this.#rejectedRows += receipt.rejected.length;
    this.#deps.logger.error("receipt.rows_rejected", {
      rows: receipt.rejected.length,
      reason: receipt.rejected[0]?.[1] ?? "",
    });
  }

  async #fork(): Promise<void> {
    this.#forks += 1;
    const reissued = await this.#deps.log.startEpoch();
    this.#sentUpto = 0;
    this.#acknowledgedUpto = 0;
    this.#custodyUpto = 0;
    this.#deps.logger.error("ledger.forked", { reissued });
    this.#deps.changed();
    this.wake();
  }

  #sendFrom(upto: number): void {
    this.#sentUpto = Math.min(this.#sentUpto, upto);
    this.wake();
  }

  #armResend(): void {
    this.#cancelResend = this.#deps.timers.after(this.#resendMs, () => {
      if (this.#closed) return;
      const { upto } = this.#deps.log.watermark;
      if (this.#online && this.#sentUpto > upto) {
        this.#resendMs = Math.min(this.#resendMs * 2, RESEND_MAX_MS);
        this.#sendFrom(upto);
      }
      this.#armResend();
    });
  }
}
