import type { CoseKey } from "../../protocol/cose.ts";
import type { SafeDetails } from "../../protocol/errors.ts";
import { BATCH_SET_MAX, type BatchAnswer } from "../../protocol/http/engine-api.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { SpooledBatch } from "../spool/spool.ts";
import type { SpoolOutlet } from "../spool/spool-outlet.ts";
import { readAnswers } from "./answers.ts";
import { Backoff, type BackoffLimits } from "./backoff.ts";
import { EngineAnswerError, type EngineClient } from "./engine-client.ts";

export interface DeliveryDeps {
  readonly outlet: Pick<SpoolOutlet, "nextSet" | "settle">;
  readonly engine: EngineClient;
  /** The engine's receipt key. */
  readonly receiptKey: CoseKey;
  readonly backoff: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly now: () => WallMs;
  readonly timers: Timers;
  readonly log: Logger;
  /** Counts and logs what somebody must look into. */
  readonly alarm: (event: string, fields: SafeDetails) => void;
  /** Passes a verified receipt of the engine on to its kiosk. */
  readonly relay: (device: DeviceId, receipt: Uint8Array) => void;
}

/** How delivery stands; counts are since this process started. */
export interface DeliveryStatus {
  /** Null before the first attempt. */
  readonly engineReachable: boolean | null;
  readonly lastDeliveryAt: WallMs | null;
  readonly deliveredBatches: number;
  readonly failures: number;
  readonly untrustedReceipts: number;
  /** Streams that wait because the engine's answer about them was no good. */
  readonly heldStreams: number;
}

interface Hold {
  untilMs: number;
  readonly backoff: Backoff;
}

/**
 * Posts the spool to the engine, oldest first, and settles what it answers.
 *
 * One request is under way at a time, so a stream is never in two. An engine that does not answer is asked again after a growing,
 * random wait, for as long as it takes. A request that fails as a whole is halved until the batch that spoils it stands alone; that
 * stream then waits by itself while the others go on.
 */
export class Delivery {
  readonly #deps: DeliveryDeps;
  readonly #backoff: Backoff;
  readonly #held = new Map<number, Hold>();
  readonly #stop = new AbortController();
  #limit = BATCH_SET_MAX;
  #running: Promise<void> | null = null;
  #again = false;
  #cancelWait: (() => void) | null = null;
  #cancelHolds: () => void = () => {};
  #status = {
    engineReachable: null as boolean | null,
    lastDeliveryAt: null as WallMs | null,
    deliveredBatches: 0,
    failures: 0,
    untrustedReceipts: 0,
  };

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
    this.#backoff = new Backoff(deps.backoff, deps.random);
  }

  get status(): DeliveryStatus {
    return { ...this.#status, heldStreams: this.#held.size };
  }

  /** Says that there is something to post; does nothing while it waits after a failure. */
  wake(): void {
    this.#again = true;
    if (this.#running || this.#cancelWait || this.#stop.signal.aborted) return;
    this.#running = this.#run();
  }

  /** Resolves when no request is under way; what waits for a later attempt does not count. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Breaks off the request under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelWait?.();
    this.#cancelWait = null;
    this.#cancelHolds();
    await this.idle();
  }

  async #run(): Promise<void> {
    try {
      await this.#drain();
    } catch (fault) {
      if (!this.#stop.signal.aborted) this.#failed(fault); // the store refused; the batches are still there
    } finally {
      this.#running = null;
      if (this.#again && !this.#cancelWait) this.wake();
    }
  }

  async #drain(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#cancelWait) {
      this.#again = false;
      const set = await this.#deps.outlet.nextSet(this.#limit, this.#stillHeld());
      if (set.length === 0) {
        this.#armHolds();
        return;
      }
      await this.#post(set);
    }
  }

  async #post(set: readonly SpooledBatch[]): Promise<void> {
    let answers: readonly BatchAnswer[];
    try {
      answers = await this.#deps.engine.postBatches(
        set.map(({ body }) => body),
        this.#stop.signal,
      );
    } catch (fault) {
      if (this.#stop.signal.aborted) return;
      if (fault instanceof EngineAnswerError) this.#spoiled(set, fault);
      else this.#failed(fault);
      return;
    }
    this.#recovered();
    await this.#settle(set, answers);
    this.#limit = Math.min(BATCH_SET_MAX, this.#limit * 2);
  }

  async #settle(set: readonly SpooledBatch[], answers: readonly BatchAnswer[]): Promise<void> {
    const { outlet, relay, receiptKey, alarm, now } = this.#deps;
    const { settlement, relay: receipts, untrusted } = await readAnswers(set, answers, receiptKey);
    await outlet.settle(settlement);
    for (const { streamId } of settlement.delivered) this.#held.delete(streamId);
    for (const streamId of untrusted) {
      this.#status.untrustedReceipts += 1;
      this.#hold(streamId);
      const device = set.find((batch) => batch.streamId === streamId)?.key.device ?? "";
      alarm("receipt.untrusted", { device });
    }
    for (const { batch, reason } of settlement.refused) {
      alarm(reason === "fork" ? "stream.forked" : "batch.refused", { device: batch.key.device, from: batch.from });
    }
    for (const { batch, bytes } of receipts) relay(batch.key.device, bytes);
    if (settlement.delivered.length === 0) return;
    this.#status.deliveredBatches += settlement.delivered.length;
    this.#status.lastDeliveryAt = now();
  }

  /** The whole request failed although the engine is there: find the batch that does it. */
  #spoiled(set: readonly SpooledBatch[], fault: EngineAnswerError): void {
    this.#status.engineReachable = true;
    this.#status.failures += 1;
    this.#deps.alarm("delivery.request_failed", { ...faultFields(fault), ...fault.details, batches: set.length });
    const [only] = set;
    if (set.length === 1 && only) {
      this.#hold(only.streamId);
      this.#limit = BATCH_SET_MAX;
    } else this.#limit = Math.ceil(set.length / 2);
  }

  #failed(fault: unknown): void {
    if (this.#status.engineReachable !== false) this.#deps.log.warn("engine.unreachable", faultFields(fault));
    this.#status.engineReachable = false;
    this.#status.failures += 1;
    this.#wait(this.#backoff.next());
  }

  #recovered(): void {
    if (this.#status.engineReachable === false)
      this.#deps.log.info("engine.reachable", { failures: this.#backoff.failures });
    this.#status.engineReachable = true;
    this.#backoff.reset();
  }

  #hold(streamId: number): void {
    const hold = this.#held.get(streamId) ?? {
      untilMs: 0,
      backoff: new Backoff(this.#deps.backoff, this.#deps.random),
    };
    hold.untilMs = this.#deps.now() + hold.backoff.next() + 1;
    this.#held.set(streamId, hold);
  }

  #stillHeld(): ReadonlySet<number> {
    const nowMs = this.#deps.now();
    return new Set([...this.#held].filter(([, { untilMs }]) => untilMs > nowMs).map(([streamId]) => streamId));
  }

  #armHolds(): void {
    const nowMs = this.#deps.now();
    const waits = [...this.#held.values()].map(({ untilMs }) => untilMs - nowMs).filter((ms) => ms > 0);
    this.#cancelHolds();
    if (waits.length > 0) this.#cancelHolds = this.#deps.timers.after(Math.min(...waits), () => this.wake());
  }

  #wait(ms: number): void {
    this.#cancelWait = this.#deps.timers.after(ms, () => {
      this.#cancelWait = null;
      this.wake();
    });
  }
}
