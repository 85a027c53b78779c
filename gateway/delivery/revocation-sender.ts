import { encodeRevocations, type StreamMark } from "../../protocol/checkin/revocations.ts";
import { signCose1 } from "../../protocol/cose.ts";
import type { SafeDetails } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import type { Logger } from "../../runtime/log.ts";
import { pemToChain } from "../../runtime/pki/chain.ts";
import type { Timers } from "../../runtime/timers.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { higherMarks } from "../registry/revocation-lines.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import { EngineAnswerError, type EngineClient, EngineUnreachableError, refusalFields } from "./engine-client.ts";
import { openHeldList } from "./held-list.ts";

export interface RevocationSenderDeps {
  readonly registry: Pick<SiteRegistry, "revocations" | "workersBehind" | "takeOver">;
  /** How far each stream of a device was taken; asked only when its sessions have ended at every worker. */
  readonly marksOf: (device: DeviceId) => Promise<readonly StreamMark[]>;
  readonly engine: Pick<EngineClient, "postRevocations">;
  readonly identity: GatewayIdentity;
  readonly now: () => WallMs;
  readonly timers: Timers;
  readonly log: Logger;
  /** Counts, logs and shows what somebody must look into. */
  readonly alarm: (event: string, fields: SafeDetails) => void;
}

const RETRY_MS = MINUTE_MS;
const NOTHING_SENT = -1;
/** How long a worker may take to cut off who was revoked, milliseconds; one that hangs must not keep the list back. */
const WORKERS_MS = 10_000;

/** Brings the site's revocation list to the engine, signed, whenever it has grown, until the engine has it. */
export class RevocationSender {
  readonly #deps: RevocationSenderDeps;
  readonly #over = new AbortController();
  /** Below every number: the first list goes up even when it is empty, since the engine may hold one that was lost here. */
  #sentNumber = NOTHING_SENT;
  /** Up to here nobody waits for workers any more. */
  #hurriedNumber = 0;
  #sending: Promise<void> = Promise.resolve();
  #cancelRetry = (): void => {};

  constructor(deps: RevocationSenderDeps) {
    this.#deps = deps;
  }

  /** Looks whether there is news. */
  wake(): void {
    this.#cancelRetry();
    this.#sending = this.#sending.then(() => this.#send());
  }

  /** Resolves when no attempt is under way. */
  idle(): Promise<void> {
    return this.#sending;
  }

  async close(): Promise<void> {
    this.#cancelRetry();
    this.#over.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { registry, engine, log, timers, alarm } = this.#deps;
    if (this.#over.signal.aborted || !engine.postRevocations) return;
    try {
      const revocations = await registry.revocations();
      const number = revocations.at(-1)?.number ?? 0;
      if (number <= this.#sentNumber || (await this.#mustWait(number))) return;
      const held = await engine.postRevocations(await this.#signed(revocations), this.#over.signal);
      if (held) return await this.#takeOver(held);
      this.#sentNumber = number;
      log.info("revocations.sent", { number });
    } catch (fault) {
      if (this.#over.signal.aborted) return;
      if (!(fault instanceof EngineUnreachableError)) alarm("revocations.not_sent", refusalFields(fault));
      this.#cancelRetry = timers.after(RETRY_MS, () => this.wake());
    }
  }

  /** The engine has lines that are lost here: they become this gateway's own, and its list goes on from there. */
  async #takeOver(held: Uint8Array): Promise<void> {
    const { registry, identity, log } = this.#deps;
    const { entries } = await openHeldList(held, identity);
    if (!(await registry.takeOver(entries)))
      throw new EngineAnswerError("the engine says that its own list is another");
    log.warn("revocations.taken_over", { lines: entries.length, number: entries.at(-1)?.number ?? 0 });
    this.#sentNumber = NOTHING_SENT;
    this.wake();
  }

  /** What another worker still takes of a revoked kiosk must not come after the marks were read. */
  async #mustWait(number: number): Promise<boolean> {
    const { registry, timers, log } = this.#deps;
    const behind = await registry.workersBehind(number);
    if (behind.length === 0) return false;
    if (number <= this.#hurriedNumber) {
      log.warn("revocations.worker_behind", { workers: behind.join(" ") });
      return false;
    }
    this.#cancelRetry = timers.after(WORKERS_MS, () => {
      this.#hurriedNumber = number;
      this.wake();
    });
    return true;
  }

  async #signed(revocations: Awaited<ReturnType<SiteRegistry["revocations"]>>): Promise<Uint8Array> {
    const { identity, now, marksOf } = this.#deps;
    const entries = [];
    for (const one of revocations) entries.push({ ...one, marks: higherMarks(one.marks, await marksOf(one.device)) });
    const chain = chainPem(identity.gateway.certificatePem, identity.authority.certificatePem);
    return signCose1(encodeRevocations({ site: identity.site, issuedAt: now(), entries }), {
      key: identity.signingKey,
      x5chain: pemToChain(chain),
    });
  }
}
