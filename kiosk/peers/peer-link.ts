import type { DeviceClock, DeviceTime } from "../../firmware/ports/device-clock.ts";
import {
  decodePeerReport,
  openPeerReport,
  PASSING_MAX_TAGS,
  type Passing,
  PEER_REPORT_MAX_PASSINGS,
  type PeerReport,
  type SealedPeerReport,
  sealPeerReport,
} from "../../protocol/checkin/peer-report.ts";
import { nextDayKey } from "../../protocol/checkin/visitor-tag.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, SiteId, VenueId, VisitorTag } from "../../protocol/ids.ts";
import { type BoottimeMs, MINUTE_MS, SECOND_MS, type WallMs } from "../../protocol/units.ts";
import type { VisitorPast } from "../admission/decide.ts";
import type { AdmissionPolicy } from "../admission/policy.ts";
import type { Visitors } from "../admission/visitors.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { Counters } from "../scan/counters.ts";
import type { UplinkTransport } from "../uplink/transport.ts";
import { FreshReports } from "./fresh-reports.ts";

export interface PeerLinkDeps {
  readonly site: SiteId;
  readonly place: { readonly venue: VenueId };
  readonly crypto: CryptoPort;
  readonly clock: Pick<DeviceClock, "now">;
  readonly transport: Pick<UplinkTransport, "publish">;
  readonly log: Pick<CheckinLog, "key" | "dayKeys" | "dayKeysDay" | "noteEmptied">;
  readonly visitors: Visitors;
  readonly policy: Pick<AdmissionPolicy, "maximumStayMs">;
  readonly counters: Counters;
  /** Another door goes by another key. */
  readonly otherKey: () => void;
  /** Told when what the door knows of the place may have changed. */
  readonly changed: () => void;
}

/** A report is told by clocks that both know the time from one that was kept back for longer than this, milliseconds. */
const LATEST_MS = 10 * MINUTE_MS;
/** Each report says again when everybody had left; by two clocks that is the same moment within so many milliseconds. */
const SAME_WORD_MS = 10 * SECOND_MS;

/**
 * What the doors of one venue tell each other: who came and who went. A visitor who came by one door is checked out by another, and all
 * count the same people inside. Nothing waits for it: a door that hears nothing judges by its own view, and the engine pairs the rest.
 *
 * A door that comes back says all that still counts of what it saw, and asks the others for the same; so no report needs an
 * acknowledgement. It would not do to say and ask only what its own absence hid: a third door may have been away at another time.
 */
export class PeerLink {
  readonly #deps: PeerLinkDeps;
  readonly #fresh = new FreshReports();
  #isOnline = false;
  /** Whether any other door was ever heard: a lone door keeps quiet. */
  #hasPeers = false;
  #lastSentMs = 0;
  /** Before this the door knew its visitors under a key that no other door has. */
  #keyedMs = Number.NEGATIVE_INFINITY;
  #emptiedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: PeerLinkDeps) {
    this.#deps = deps;
  }

  /** What this door has of the others: the key of the site, and how many it has heard. */
  get status(): { readonly key: boolean; readonly heard: number } {
    return { key: this.#deps.log.dayKeys.siteGeneration !== null, heard: this.#fresh.doors };
  }

  connected(): Promise<void> {
    this.#isOnline = true;
    return this.#greet();
  }

  disconnected(): void {
    this.#isOnline = false;
  }

  /** The door goes by another key from now on: what it saw before, it cannot tell the others. */
  keyed(): Promise<void> {
    this.#keyedMs = this.#deps.clock.now().boottimeMs;
    return this.#greet();
  }

  /** Somebody went through this door. */
  async passed(tags: readonly VisitorTag[], past: VisitorPast): Promise<void> {
    if (this.#hasPeers) await this.#send({ passed: [[tags, past]] });
  }

  /** A member of staff said at this door that everybody has left. */
  async emptied(): Promise<void> {
    this.#emptiedMs = this.#deps.clock.now().boottimeMs;
    if (this.#hasPeers) await this.#send({ passed: [] });
  }

  /** Takes another door's report; nothing in it, nor a full disk here, is a fault. */
  async received(payload: Uint8Array): Promise<void> {
    const { counters, place, log } = this.#deps;
    const sealed = attempt(() => decodePeerReport(payload));
    if (!sealed) return counters.add("peer.malformed");
    if (sealed.device === log.key.device || sealed.venue !== place.venue) return;
    const report = this.#open(sealed);
    if (!report) return;
    if (!this.#isTimely(report) || !this.#fresh.accept(sealed.device, report)) return counters.add("peer.stale");
    counters.add("peer.heard");
    this.#hasPeers = true;
    await this.#apply(report);
    this.#deps.changed();
    if (report.asksSinceMs !== null) await this.#send({ passed: this.#own(report.asksSinceMs), to: sealed.device });
  }

  #open(sealed: SealedPeerReport): PeerReport | null {
    const { site, log, crypto, counters, otherKey } = this.#deps;
    const { siteGeneration, tagKey, previousTagKey } = log.dayKeys;
    if (sealed.generation !== siteGeneration) {
      counters.add("peer.other_key");
      otherKey();
      return null;
    }
    const keys = [() => nextDayKey(crypto, tagKey), () => tagKey, () => previousTagKey]; // its day may turn some seconds before ours
    const siteKey = keys[(log.dayKeysDay ?? Number.NaN) - sealed.siteDay + 1]?.();
    const report = siteKey ? attempt(() => openPeerReport(crypto, sealed, { site, siteKey })) : null;
    if (!report) counters.add("peer.unreadable");
    return report;
  }

  /** When one of the two does not know the time, nobody can say. */
  #isTimely({ wallMs }: PeerReport): boolean {
    const now = this.#deps.clock.now();
    return wallMs === null || now.state === "unsynced" || Math.abs(now.wallMs - wallMs) <= LATEST_MS;
  }

  async #apply({ passings, emptiedAgoMs }: PeerReport): Promise<void> {
    const { clock, visitors, log } = this.#deps;
    const now = clock.now();
    if (emptiedAgoMs !== null && now.boottimeMs - emptiedAgoMs > this.#emptiedMs + SAME_WORD_MS) {
      this.#emptiedMs = now.boottimeMs - emptiedAgoMs;
      if (emptiedAgoMs < SAME_WORD_MS) await log.noteEmptied().catch(onlyFaults); // so that it lasts over a restart of this door too
      visitors.forgetBefore(this.#emptiedMs as BoottimeMs);
    }
    for (const passing of passings) {
      const boottimeMs = (now.boottimeMs - passing.agoMs) as BoottimeMs;
      if (boottimeMs < this.#emptiedMs) continue;
      visitors.learn(passing.tags, { ...pastOf(passing, now), boottimeMs });
    }
  }

  /** Says what this door saw as far back as it counts, and asks the others for the same. */
  async #greet(): Promise<void> {
    const { maximumStayMs } = this.#deps.policy;
    await this.#send({ passed: this.#own(maximumStayMs), asksSinceMs: maximumStayMs });
  }

  #own(sinceMs: number): readonly (readonly [readonly VisitorTag[], VisitorPast])[] {
    const from = Math.max(this.#deps.clock.now().boottimeMs - sinceMs, this.#keyedMs);
    return this.#deps.visitors
      .seenHere(from as BoottimeMs)
      .map(([tags, past]) => [tags.slice(0, PASSING_MAX_TAGS), past]);
  }

  /** Sends in as many reports as it takes; what is lost with the connection is told when it is back. */
  async #send(said: {
    readonly passed: readonly (readonly [readonly VisitorTag[], VisitorPast])[];
    readonly to?: DeviceId;
    readonly asksSinceMs?: number;
  }): Promise<void> {
    const { passed, to = null, asksSinceMs = null } = said;
    for (let from = 0; from === 0 || from < passed.length; from += PEER_REPORT_MAX_PASSINGS) {
      const part = passed.slice(from, from + PEER_REPORT_MAX_PASSINGS);
      const isLast = from + PEER_REPORT_MAX_PASSINGS >= passed.length;
      await this.#publish(to, { asksSinceMs: isLast ? asksSinceMs : null, part });
    }
  }

  async #publish(
    to: DeviceId | null,
    said: {
      readonly asksSinceMs: number | null;
      readonly part: readonly (readonly [readonly VisitorTag[], VisitorPast])[];
    },
  ): Promise<void> {
    const { site, place, crypto, clock, transport, log } = this.#deps;
    const { siteGeneration: generation, tagKey: siteKey } = log.dayKeys;
    const siteDay = log.dayKeysDay;
    if (!this.#isOnline || generation === null || siteDay === null) return;
    const now = clock.now();
    this.#lastSentMs = Math.max(Math.round(now.boottimeMs), this.#lastSentMs + 1);
    const report: PeerReport = {
      boot: now.bootId,
      sentMs: this.#lastSentMs as BoottimeMs,
      wallMs: now.state === "unsynced" ? null : (Math.max(0, Math.round(now.wallMs)) as WallMs),
      asksSinceMs: said.asksSinceMs === null ? null : Math.round(said.asksSinceMs),
      emptiedAgoMs: Number.isFinite(this.#emptiedMs) ? agoOf(now, this.#emptiedMs) : null,
      passings: said.part.map(([tags, { direction, party, boottimeMs }]) => ({
        tags,
        direction,
        party,
        agoMs: agoOf(now, boottimeMs),
      })),
    };
    const address = { device: log.key.device, venue: place.venue, to, generation, siteDay };
    const message = sealPeerReport(crypto, report, { site, address, siteKey });
    await transport.publish("peer-report", message, { qos: 0 }).catch(() => undefined); // told again when it is back
  }
}

function agoOf(now: DeviceTime, thenMs: number): number {
  return Math.max(0, Math.round(now.boottimeMs - thenMs));
}

function pastOf({ direction, party, agoMs }: Passing, now: DeviceTime): Omit<VisitorPast, "boottimeMs"> {
  return { direction, party, wallMs: Math.max(0, now.wallMs - agoMs) as WallMs, isElsewhere: true };
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (fault) {
    return onlyFaults(fault);
  }
}

function onlyFaults(fault: unknown): null {
  if (fault instanceof BluepostError) return null;
  throw fault;
}
