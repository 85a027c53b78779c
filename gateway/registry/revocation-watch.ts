import type { DeviceId } from "../../protocol/ids.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import { UnderWay } from "../../runtime/under-way.ts";
import type { DeviceBroker, DeviceSession } from "../broker/device-broker.ts";
import type { Counters } from "../status/counters.ts";
import type { SiteRegistry } from "./site-registry.ts";

export interface RevocationWatchDeps {
  readonly registry: SiteRegistry;
  readonly broker: Pick<DeviceBroker, "kick">;
  /** Who is connected. */
  readonly sessions: () => Iterable<Pick<DeviceSession, "device">>;
  /** Resolves when everything that was taken before is on the disk: what was taken before the cut counts as taken. */
  readonly taken: () => Promise<void>;
  readonly counters: Counters;
  readonly timers: Timers;
  readonly lookEveryMs: number;
  /** Told when the registry has changed and everybody whom the list with this number names is cut off. */
  readonly cut: (listNumber: number) => Promise<void> | void;
}

/** Looks at the registry, which the command line writes too, and ends the sessions of kiosks that may not have one any more. */
export class RevocationWatch {
  readonly #deps: RevocationWatchDeps;
  readonly #looks = new UnderWay();
  #version = "";
  #stop = (): void => {};

  constructor(deps: RevocationWatchDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.#stop = every(this.#deps.timers, this.#deps.lookEveryMs, () => this.#looks.add(this.look()));
  }

  /** Resolves when no look is under way. */
  settled(): Promise<void> {
    return this.#looks.settled();
  }

  /** Looks no more; resolves when the look under way is done. */
  async close(): Promise<void> {
    this.#stop();
    await this.#looks.settled();
  }

  /** Looks now. A registry that cannot be read is counted, and looked at again the next time. */
  async look(): Promise<void> {
    const { registry, taken, cut, counters } = this.#deps;
    try {
      const version = await registry.version();
      if (version === this.#version) return;
      this.#version = version;
      const number = await registry.listNumber();
      for (const { device } of this.#deps.sessions()) await this.#judge(device);
      await taken();
      await cut(number);
    } catch (fault) {
      counters.fault("registry.failed", fault);
    }
  }

  async #judge(device: DeviceId): Promise<void> {
    const { registry, broker, counters } = this.#deps;
    const known = await registry.find(device);
    if (known && known.revokedAt === null) return;
    counters.count("session.revoked", { device });
    broker.kick(device);
  }
}
