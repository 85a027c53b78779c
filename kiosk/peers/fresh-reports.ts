import type { PeerReport } from "../../protocol/checkin/peer-report.ts";
import type { BootId, DeviceId } from "../../protocol/ids.ts";

interface Heard {
  boot: BootId;
  sentMs: number;
  /** Boots before, the latest last. */
  readonly earlier: BootId[];
}

/** Boots of one door that are remembered. */
const MAX_BOOTS = 16;
/** Doors of one venue that are remembered. */
const MAX_DOORS = 256;

/** Tells a report that is new from one that was kept back or sent again: within a boot of its sender, time goes one way. */
export class FreshReports {
  readonly #heard = new Map<DeviceId, Heard>();

  /** How many doors were heard. */
  get doors(): number {
    return this.#heard.size;
  }

  /** Notes a report. @returns false when it is not newer than the last of that door */
  accept(device: DeviceId, { boot, sentMs }: Pick<PeerReport, "boot" | "sentMs">): boolean {
    const last = this.#heard.get(device);
    if (!last) {
      if (this.#heard.size >= MAX_DOORS) this.#heard.delete(this.#heard.keys().next().value as DeviceId);
      this.#heard.set(device, { boot, sentMs, earlier: [] });
      return true;
    }
    if (last.boot === boot ? sentMs <= last.sentMs : last.earlier.includes(boot)) return false;
    if (last.boot !== boot) {
      last.earlier.push(last.boot);
      if (last.earlier.length > MAX_BOOTS) last.earlier.shift();
      last.boot = boot;
    }
    last.sentMs = sentMs;
    return true;
  }
}
