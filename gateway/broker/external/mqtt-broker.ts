import { randomBytes } from "node:crypto";
import { Value } from "@sinclair/typebox/value";
import { BluepostError } from "../../../protocol/errors.ts";
import { type DeviceId, parseBootId, type SiteId } from "../../../protocol/ids.ts";
import { DeviceState } from "../../../protocol/mqtt/messages.ts";
import { type DownLeaf, mayPublish, parseTopic, TOPIC_ROOT, topicOf } from "../../../protocol/mqtt/topics.ts";
import type { Logger } from "../../../runtime/log.ts";
import type { Timers } from "../../../runtime/timers.ts";
import {
  type BrokerEvents,
  type DeviceBroker,
  type DeviceSession,
  type ExternalBrokerState,
  type PublishedLeaf,
  type SendOptions,
  UNKNOWN_BOOT,
} from "../device-broker.ts";
import { TokenBucket } from "../token-bucket.ts";
import { type LinkFacts, type LinkOptions, MqttLink } from "./mqtt-link.ts";

/** The broker does not let the gateway subscribe to what it needs; its access rules are not those of `broker-config`. */
export class BrokerRefusedError extends BluepostError {
  readonly code = "GW_BROKER_REFUSED";
  readonly recovery = "operator";
}

/** Whether a device may connect is not known just now; its message is left with the broker. */
export class AdmissionUnknownError extends BluepostError {
  readonly code = "GW_ADMISSION_UNKNOWN";
  readonly recovery = "retry";
}

export interface MqttBrokerOptions {
  readonly site: SiteId;
  readonly link: LinkOptions;
  /** Workers of one group share the batches; null takes everything. A secret: who joins the group gets its messages. */
  readonly group: string | null;
  readonly limits: {
    readonly maxPacketBytes: number;
    readonly publishPerSecond: number;
    readonly publishBurst: number;
  };
  /** Whether a batch was signed by this device. */
  readonly isBy: (device: DeviceId, message: Uint8Array) => Promise<boolean>;
  readonly timers: Timers;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly log: Logger;
}

/**
 * What every worker hears, and what one of a group does. A worker that heard only some of the doors could not pass their reports on to
 * all others; what a door gets from two workers it takes once.
 */
const HEARD_BY_ALL = ["state", "health", "reported", "peer-report", "cmd-result/+"];
const SHARED_OUT = ["checkins", "presence", "time-request", "site-key-request"];
/** A kiosk says that it is online when it has subscribed; what of these was sent before that, it may have missed. */
const MISSED = ["receipt", "desired", "cmd/+"] as const;
/** How long a shared subscription has to show that it works, milliseconds. */
const SHARE_CHECK_MS = 2_000;
/** After a return to a session that the broker kept, what waited there comes all at once, and that is no flood, milliseconds. */
const CATCHING_UP_MS = 60_000;

/** What is known of one device. `tail` settles when its messages so far have been judged, so that they stay in order. */
interface Line {
  session: DeviceSession | null;
  tail: Promise<unknown>;
  readonly bucket: TokenBucket;
}

/**
 * The {@link DeviceBroker} over a broker that somebody else runs, by the `mqtt` package.
 *
 * The broker sees CONNECT and the certificates; here a session is what the retained `state` of a device says, and its last will ends
 * it. Who sent a message follows from its topic (the broker's access rules keep each device on its own branch) and, for batches, from
 * their signature. A message is acknowledged to the broker after the commit; the kiosk had its PUBACK from the broker before, which is
 * worth what `gateway probe` says, and deletes nothing before the engine's receipt.
 */
export class MqttBroker implements DeviceBroker {
  readonly #options: MqttBrokerOptions;
  readonly #link: MqttLink;
  readonly #lines = new Map<DeviceId, Line>();
  readonly #unsent = new Map<string, Uint8Array>();
  readonly #branch: string;
  #events: BrokerEvents | null = null;
  #shares = false;
  /** Messages can come before the connection is said to be up. */
  #catchesUpUntilMs = Number.POSITIVE_INFINITY;
  #shareCheck: { readonly topic: string; readonly passed: () => void } | null = null;

  constructor(options: MqttBrokerOptions) {
    this.#options = options;
    this.#branch = `${TOPIC_ROOT}/${options.site}`;
    this.#link = new MqttLink(options.link, {
      up: (facts) => this.#up(facts),
      down: () => this.#down(),
      message: (topic, payload, retain) => this.#message(topic, payload, retain),
    });
  }

  get external(): ExternalBrokerState {
    return { connected: this.#link.connected, shares: this.#link.connected && this.#shares };
  }

  /** Resolves after the first attempt; a broker that is away is tried again until it comes. */
  async open(events: BrokerEvents): Promise<void> {
    this.#events = events;
    await this.#link.open();
  }

  send(device: DeviceId, leaf: DownLeaf | `cmd/${string}`, payload: Uint8Array, options: SendOptions = {}): void {
    const retain = options.retain ?? false;
    if (!retain && !this.#lines.get(device)?.session) return;
    const topic = topicOf(this.#options.site, device, leaf);
    if (!this.#link.publish(topic, payload, retain) && retain) this.#unsent.set(topic, payload);
  }

  /** Never: a broker lets one connection of a client id live, so an older session is gone when a newer one speaks. */
  probe(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Ends the session here; only the broker's operator can end the connection. What the device says next is judged anew. */
  kick(device: DeviceId): void {
    const line = this.#lines.get(device);
    if (line) this.#end(line);
  }

  async close(): Promise<void> {
    this.#events = null;
    await this.#link.close();
  }

  async #up(facts: LinkFacts): Promise<void> {
    const { group } = this.#options;
    this.#catchesUpUntilMs = facts.sessionPresent ? this.#options.nowMs() + CATCHING_UP_MS : Number.NEGATIVE_INFINITY;
    const of = (leaf: string): string => `${this.#branch}/+/${leaf}`;
    this.#shares = group !== null && facts.mayShare && (await this.#canShare(group));
    if (group !== null && !this.#shares) this.#options.log.error("broker.no_shared_subscriptions", {});
    const plain = SHARED_OUT.map(of);
    const shared = group === null ? [] : plain.map((filter) => `$share/${group}/${filter}`);
    if (facts.sessionPresent) this.#link.unsubscribe(this.#shares ? plain : shared); // of a time when it was the other way
    const granted = await this.#link.subscribe([...HEARD_BY_ALL.map(of), ...(this.#shares ? shared : plain)]);
    if (!granted) throw new BrokerRefusedError("the broker refuses the gateway's subscriptions");
    for (const [topic, payload] of this.#unsent) {
      if (this.#link.publish(topic, payload, true)) this.#unsent.delete(topic);
    }
  }

  /** Some brokers grant a shared subscription and then deliver nothing on it, so it is tried. */
  async #canShare(group: string): Promise<boolean> {
    const topic = `${this.#branch}/_check/${randomBytes(8).toString("hex")}`;
    const filter = `$share/${group}/${topic}`;
    if (!(await this.#link.subscribe([filter]))) return false;
    const works = await new Promise<boolean>((resolve) => {
      const cancel = this.#options.timers.after(SHARE_CHECK_MS, () => resolve(false));
      this.#shareCheck = {
        topic,
        passed: () => {
          cancel();
          resolve(true);
        },
      };
      this.#link.publish(topic, new Uint8Array(1), false);
    });
    this.#shareCheck = null;
    this.#link.unsubscribe([filter]);
    return works;
  }

  #down(): void {
    this.#catchesUpUntilMs = Number.POSITIVE_INFINITY;
    for (const line of this.#lines.values()) this.#end(line);
  }

  #end(line: Line): void {
    const { session } = line;
    line.session = null;
    if (session) this.#events?.closed(session);
  }

  async #message(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    const events = this.#events;
    if (!events) throw new AdmissionUnknownError("the gateway is closing");
    if (topic === this.#shareCheck?.topic) return this.#shareCheck.passed();
    const parsed = parseTopic(topic);
    if (!parsed || parsed.site !== this.#options.site || !mayPublish(parsed.device, parsed))
      return events.violated("foreign_topic", null);
    const { device } = parsed;
    const leaf = parsed.leaf as PublishedLeaf;
    const line = this.#lineOf(device);
    if (payload.length > this.#options.limits.maxPacketBytes) return events.violated("oversize", device);
    const nowMs = this.#options.nowMs();
    if (!retain && !line.bucket.take(nowMs) && nowMs > this.#catchesUpUntilMs) return events.violated("rate", device);
    const proven = isBatchLeaf(leaf) ? this.#options.isBy(device, payload) : true;
    const judged = line.tail.then(() => this.#judge(events, { device, line, leaf, payload, proven }));
    line.tail = judged.catch(ignore);
    const { session, isLast } = await judged;
    if (!session) {
      if (!line.session) this.#lines.delete(device); // names of nobody must not pile up
      return;
    }
    const kept = events.published(session, leaf, payload);
    if (isLast) this.#end(line);
    await kept;
  }

  #lineOf(device: DeviceId): Line {
    const known = this.#lines.get(device);
    if (known) return known;
    const { publishPerSecond: perSecond, publishBurst: burst } = this.#options.limits;
    const bucket = new TokenBucket({ perSecond, burst, nowMs: this.#options.nowMs() });
    const line = { session: null, tail: Promise.resolve(), bucket };
    this.#lines.set(device, line);
    return line;
  }

  /** Whose message this is; no session means that it is not taken. `isLast`: the session ends with it. */
  async #judge(
    events: BrokerEvents,
    message: {
      readonly device: DeviceId;
      readonly line: Line;
      readonly leaf: PublishedLeaf;
      readonly payload: Uint8Array;
      readonly proven: boolean | Promise<boolean>;
    },
  ): Promise<{ readonly session: DeviceSession | null; readonly isLast: boolean }> {
    const { device, line, leaf, payload } = message;
    if (!(await message.proven)) {
      events.violated("bad_signature", device);
      return NOT_TAKEN;
    }
    const state = leaf === "state" ? readState(payload) : null;
    if (state?.status === "offline") return { session: line.session, isLast: true };
    const boot = state?.boot === undefined ? UNKNOWN_BOOT : parseBootId(state.boot);
    const isKnown = line.session !== null && (boot === UNKNOWN_BOOT || line.session.boot === boot);
    if (!isKnown) await this.#admit(events, line, { device, boot, fingerprint: null }, leaf);
    if (state && line.session) for (const missed of MISSED) events.subscribed(line.session, missed);
    return { session: line.session, isLast: false };
  }

  async #admit(events: BrokerEvents, line: Line, session: DeviceSession, leaf: PublishedLeaf): Promise<void> {
    const admission = await events.admit(session);
    if (admission.kind === "refused" && admission.reason === "unavailable")
      throw new AdmissionUnknownError("the registry cannot be read");
    if (admission.kind === "refused") {
      // acknowledged to the broker all the same: left there it would come again at once, before everything else
      const isForeignRegistry = admission.reason === "unknown_device" && isBatchLeaf(leaf);
      events.violated(isForeignRegistry ? "batch_of_unknown" : "refused_session", session.device);
      this.#end(line);
      return;
    }
    if (line.session) events.closed(line.session);
    this.#lines.set(session.device, line);
    line.session = session;
    events.connected(session);
  }
}

const NOT_TAKEN = { session: null, isLast: false };

function readState(payload: Uint8Array): DeviceState | null {
  try {
    const state: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return Value.Check(DeviceState, state) ? state : null;
  } catch {
    return null; // not JSON: no state
  }
}

function isBatchLeaf(leaf: PublishedLeaf): boolean {
  return leaf === "checkins" || leaf === "presence";
}

function ignore(): void {}
