import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import { type SealingKeys, SealingSession } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import type { Append, RecordDraft, StreamLog } from "../ledger/checkin-log.ts";
import type { Counters } from "../scan/counters.ts";
import type { FinishedSession } from "./sessions.ts";

/** Sessions of one commit and one sealing session: a check-in that arrives meanwhile waits for no more than that. */
const GROUP = 100;

export interface PresenceWriterDeps {
  readonly crypto: CryptoPort;
  readonly keys: SealingKeys;
  /** Stream `p`. */
  readonly log: Pick<StreamLog, "key">;
  readonly append: (rows: readonly Append[]) => Promise<unknown>;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly counters: Counters;
  readonly logger: Logger;
}

/** Writes sessions in groups, each sealed in a sealing session that ends with it: no key to them stays in memory. */
export class PresenceWriter {
  readonly #deps: PresenceWriterDeps;

  constructor(deps: PresenceWriterDeps) {
    this.#deps = deps;
  }

  /** @returns sessions written; the others are counted, since a full card must not fill the memory too */
  async write(sessions: readonly FinishedSession[], now: DeviceTime): Promise<number> {
    let written = 0;
    for (let at = 0; at < sessions.length; at += GROUP) {
      const group = sessions.slice(at, at + GROUP);
      try {
        await this.#writeGroup(group, now);
        written += group.length;
      } catch (fault) {
        if (!(fault instanceof BluepostError)) throw fault;
        this.#deps.counters.add("presence.not_stored", group.length);
        this.#deps.logger.error("presence.not_stored", { ...faultFields(fault), sessions: group.length });
      }
    }
    return written;
  }

  async #writeGroup(group: readonly FinishedSession[], now: DeviceTime): Promise<void> {
    const { crypto, keys, log, append } = this.#deps;
    const sealing = await SealingSession.open(crypto, keys);
    await append(
      group.map((session): Append => {
        const draft = this.#draft(session, now);
        return {
          draft,
          tag: null,
          seal: (place) => ({
            identity: sealing.sealPresence({ ...log.key, ...place, kind: "presence" }, contentOf(session)),
            session: sealing.header,
          }),
        };
      }),
    );
  }

  /** Times of the first sighting, by the clock as it is known now. */
  #draft({ scheme, firstMs }: FinishedSession, now: DeviceTime): RecordDraft {
    return {
      ...this.#deps.place,
      kind: "presence",
      boot: now.bootId,
      boottimeMs: firstMs as BoottimeMs,
      wallMs: Math.max(0, Math.round(now.wallMs - (now.boottimeMs - firstMs))) as WallMs,
      clock: now.state,
      uncertaintyMs: now.uncertaintyMs,
      scheme,
      party: 0,
      evidence: "none",
    };
  }
}

function contentOf({
  scheme,
  id,
  firstMs,
  lastMs,
  n,
  rssiMax,
  rssiMean,
  txPower,
  metadata,
}: FinishedSession): Parameters<SealingSession["sealPresence"]>[1] {
  return { scheme, id, durationMs: Math.round(lastMs - firstMs), n, rssiMax, rssiMean, txPower, metadata };
}
