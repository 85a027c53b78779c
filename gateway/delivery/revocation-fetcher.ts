import { decodeRevocations, listNumber } from "../../protocol/checkin/revocations.ts";
import { parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { SafeDetails } from "../../protocol/errors.ts";
import { MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import type { Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import { type EngineClient, EngineUnreachableError, refusalFields } from "./engine-client.ts";

export interface RevocationFetcherDeps {
  readonly registry: Pick<SiteRegistry, "find" | "revoke">;
  readonly engine: Pick<EngineClient, "fetchRevocations">;
  readonly identity: GatewayIdentity;
  readonly now: () => WallMs;
  readonly timers: Timers;
  readonly log: Logger;
  /** Counts, logs and shows what somebody must look into. */
  readonly alarm: (event: string, fields: SafeDetails) => void;
}

const ASK_EVERY_MS = 5 * MINUTE_MS;

/** Asks the engine which kiosks the authority wants revoked, and revokes them; what is not signed by the engine changes nothing. */
export class RevocationFetcher {
  readonly #deps: RevocationFetcherDeps;
  readonly #over = new AbortController();
  #doneNumber = 0;
  #asking: Promise<void> = Promise.resolve();
  #stop = (): void => {};

  constructor(deps: RevocationFetcherDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.#stop = every(this.#deps.timers, ASK_EVERY_MS, () => void this.ask());
    void this.ask();
  }

  /** Asks once, one question at a time. Never throws: the next question is the answer to any fault. */
  ask(): Promise<void> {
    this.#asking = this.#asking.then(() => this.#ask()).catch((fault: unknown) => this.#tell(fault));
    return this.#asking;
  }

  async close(): Promise<void> {
    this.#stop();
    this.#over.abort();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { engine, identity, registry, now, log } = this.#deps;
    if (this.#over.signal.aborted || !engine.fetchRevocations) return;
    const bytes = await engine.fetchRevocations(identity.site, this.#over.signal);
    if (!bytes) return;
    const message = parseCose1(bytes);
    await verifyCose1(message, identity.receiptKey);
    const list = decodeRevocations(message.payload);
    if (list.site !== identity.site || listNumber(list) === this.#doneNumber) return;
    for (const { device, reason } of list.entries) {
      const known = await registry.find(device);
      if (!known || known.revokedAt !== null) continue;
      await registry.revoke(device, now(), reason);
      log.warn("device.revoked_by_engine", { device, reason });
    }
    this.#doneNumber = listNumber(list);
  }

  #tell(fault: unknown): void {
    if (fault instanceof EngineUnreachableError || this.#over.signal.aborted) return;
    this.#deps.alarm("revocations.not_fetched", refusalFields(fault));
  }
}
