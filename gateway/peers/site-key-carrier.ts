import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { DeviceBroker } from "../broker/device-broker.ts";
import type { EngineClient } from "../delivery/engine-client.ts";
import { EngineUnreachableError } from "../delivery/engine-client.ts";

export interface SiteKeyCarrierDeps {
  readonly broker: Pick<DeviceBroker, "send">;
  readonly engine: Pick<EngineClient, "askSiteKey">;
  readonly now: () => WallMs;
  readonly log: Logger;
}

/** A kiosk that asks again sooner than this, milliseconds, is not listened to: each answer costs the engine two signatures. */
const ASK_EVERY_MS = 1_000;
/** Longest question that is carried, bytes: a signature and two certificates. */
const MAX_BYTES = 8_192;

/** Carries kiosks' questions for their site's key to the engine, and the answers back. It can read neither key nor answer. */
export class SiteKeyCarrier {
  readonly #deps: SiteKeyCarrierDeps;
  /** One question a kiosk at a time. */
  readonly #open = new Map<DeviceId, Promise<void>>();
  readonly #askedMs = new Map<DeviceId, number>();
  readonly #stop = new AbortController();

  constructor(deps: SiteKeyCarrierDeps) {
    this.#deps = deps;
  }

  /** Carries one question; without an engine nothing comes back, and the kiosk asks again. @returns false when it is too long */
  carry(device: DeviceId, question: Uint8Array): boolean {
    if (question.length > MAX_BYTES) return false;
    const nowMs = this.#deps.now();
    if (this.#open.has(device) || Math.abs(nowMs - (this.#askedMs.get(device) ?? 0)) < ASK_EVERY_MS) return true;
    this.#askedMs.set(device, nowMs);
    const asking = this.#ask(device, question).finally(() => this.#open.delete(device));
    this.#open.set(device, asking);
    return true;
  }

  /** Resolves when no question is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#open.values());
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }

  async #ask(device: DeviceId, question: Uint8Array): Promise<void> {
    const { broker, engine, log } = this.#deps;
    try {
      const answer = await engine.askSiteKey?.(question, this.#stop.signal);
      if (answer) broker.send(device, "site-key", answer);
    } catch (fault) {
      if (this.#stop.signal.aborted || fault instanceof EngineUnreachableError) return; // delivery says so already
      log.warn("site_key.refused", { device, ...faultFields(fault) });
    }
  }
}
