import type { BeaconRx, Sighting } from "../../firmware/ports/beacon.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { ListeningPlan } from "./settings.ts";

/** Wait before listening again when the radio ended it by itself. */
const AGAIN_MS = 30_000;

export interface ListeningDeps {
  readonly observer: BeaconRx;
  readonly timers: Timers;
  readonly plan: ListeningPlan;
  readonly logger: Logger;
  /** Must not throw. */
  readonly heard: (sighting: Sighting) => void;
}

/** Listens by its plan until it is closed, whatever the radio does. */
export class Listening {
  readonly #deps: ListeningDeps;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(deps: ListeningDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { plan } = this.#deps;
    while (!this.#stop.signal.aborted) {
      if (plan.kind === "always") {
        await this.#listen(this.#stop.signal);
        await this.#pause(AGAIN_MS);
      } else {
        await this.#window(plan.forMs);
        await this.#pause(plan.everyMs - plan.forMs);
      }
    }
  }

  async #window(forMs: number): Promise<void> {
    const window = new AbortController();
    const end = (): void => window.abort();
    const cancel = this.#deps.timers.after(forMs, end);
    this.#stop.signal.addEventListener("abort", end, { once: true });
    await this.#listen(window.signal);
    cancel();
    this.#stop.signal.removeEventListener("abort", end);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { observer, heard, logger } = this.#deps;
    try {
      for await (const sighting of observer.sightings(signal)) heard(sighting);
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      logger.warn("radio.listening_failed", faultFields(fault));
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#deps.timers.after(ms, done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
