import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import { toHex } from "../../protocol/bytes.ts";
import { publishedPeriodKey } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Append, CheckinLog } from "../ledger/checkin-log.ts";
import type { SealingPool } from "../scan/sealing-pool.ts";

export interface VenueKeyReportDeps {
  readonly crypto: CryptoPort;
  readonly log: Pick<CheckinLog, "dayKeys" | "key">;
  readonly sealing: Pick<SealingPool, "available" | "seal">;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly append: (rows: readonly Append[]) => Promise<unknown>;
  readonly logger: Logger;
}

/**
 * Tells the authority which key this kiosk's screen and beacon go by today, sealed in a row like any other: once a day and start. It
 * is the key that is published when a case was here; what makes tomorrow's key never leaves the kiosk.
 */
export class VenueKeyReport {
  readonly #deps: VenueKeyReportDeps;
  #reported: number | null = null;

  constructor(deps: VenueKeyReportDeps) {
    this.#deps = deps;
  }

  /** Writes the row when there is a new key. Call it with a trusted clock only. @returns whether a row was written */
  async tell(now: DeviceTime): Promise<boolean> {
    const { crypto, log, sealing, place, append, logger } = this.#deps;
    const { n, periodKey } = log.dayKeys;
    if (this.#reported === n || sealing.available === 0) return false;
    const content = { scheme: "venue", id: toHex(publishedPeriodKey(crypto, periodKey)), vault: null } as const;
    const draft = {
      ...place,
      kind: "presence",
      boot: now.bootId,
      boottimeMs: now.boottimeMs,
      wallMs: now.wallMs,
      clock: now.state,
      uncertaintyMs: now.uncertaintyMs,
      scheme: "venue",
      party: 0,
      evidence: "none",
    } as const;
    const seal: Append["seal"] = (at) => sealing.seal(content, { ...log.key, ...at, kind: "presence" });
    try {
      await append([{ draft, tag: null, seal }]);
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      logger.warn("venue_key.deferred", { code: fault.code }); // a full card; the next tick tries again
      return false;
    }
    this.#reported = n;
    return true;
  }
}
