import type { BrokerEvents, DeviceBroker, DeviceSession } from "../../gateway/app.ts";
import { type TransportEvents, UplinkDownError, type UplinkTransport } from "../../kiosk/app.ts";
import type { BootId, DeviceId } from "../../protocol/ids.ts";
import { DOWN_LEAVES } from "../../protocol/mqtt/topics.ts";

interface Link {
  readonly session: DeviceSession;
  readonly events: TransportEvents;
  up: boolean;
  /** Rejects what was sent and not yet acknowledged when the link goes down. */
  readonly dropped: Set<(fault: UplinkDownError) => void>;
}

/**
 * The network of one site in memory: the port-level twin of MQTT for runs in virtual time.
 *
 * A message is acknowledged when the gateway says so, as over the wire; a cut link loses what is under way in both directions.
 */
export class MemoryNetwork {
  readonly #links = new Map<DeviceId, Link>();
  readonly #cut = new Set<DeviceId>();
  readonly #withoutTime = new Set<DeviceId>();
  readonly #tap: (topic: string, payload: Uint8Array) => void;
  #events: BrokerEvents | null = null;
  #underWay = 0;

  /** @param tap told of every message, both ways */
  constructor(tap: (topic: string, payload: Uint8Array) => void = () => {}) {
    this.#tap = tap;
  }

  /** Messages sent and not yet acknowledged or delivered. */
  get underWay(): number {
    return this.#underWay;
  }

  /** The gateway's side. */
  readonly broker: DeviceBroker = {
    open: (events) => {
      this.#events = events;
      for (const device of this.#links.keys()) void this.#connect(device);
      return Promise.resolve();
    },
    send: (device, leaf, payload) => {
      const link = this.#links.get(device);
      if (!link?.up || (leaf === "time" && this.#withoutTime.has(device))) return;
      this.#tap(`${device}/${leaf}`, payload);
      this.#underWay += 1;
      setImmediate(() => {
        this.#underWay -= 1;
        if (link.up) link.events.message(leaf as Parameters<TransportEvents["message"]>[0], payload);
      });
    },
    probe: (session) => Promise.resolve(this.#links.get(session.device)?.up ?? false),
    kick: (device) => this.#disconnect(device),
    close: () => {
      this.#events = null;
      for (const device of this.#links.keys()) this.#disconnect(device);
      return Promise.resolve();
    },
  };

  /** A kiosk's side. */
  transport(device: DeviceId, boot: BootId): UplinkTransport {
    return {
      open: async (events) => {
        const session = { device, boot, fingerprint: null };
        this.#links.set(device, { session, events, up: false, dropped: new Set() });
        await this.#connect(device);
      },
      publish: (leaf, payload) => this.#publish(device, leaf, payload),
      close: () => {
        this.#disconnect(device);
        this.#links.delete(device);
        return Promise.resolve();
      },
    };
  }

  /** Cuts a kiosk off, or lets it come back. */
  async setLink(device: DeviceId, up: boolean): Promise<void> {
    if (up) {
      this.#cut.delete(device);
      await this.#connect(device);
    } else {
      this.#cut.add(device);
      this.#disconnect(device);
    }
  }

  /** Lets a kiosk never hear what time it is. */
  withholdTime(device: DeviceId): void {
    this.#withoutTime.add(device);
  }

  async #connect(device: DeviceId): Promise<void> {
    const link = this.#links.get(device);
    const events = this.#events;
    if (!link || !events || link.up || this.#cut.has(device)) return;
    const admission = await events.admit(link.session);
    if (admission.kind !== "admitted") return;
    link.up = true;
    events.connected(link.session);
    for (const leaf of [...DOWN_LEAVES, "cmd/+"] as const) events.subscribed(link.session, leaf);
    link.events.up();
  }

  #disconnect(device: DeviceId): void {
    const link = this.#links.get(device);
    if (!link?.up) return;
    link.up = false;
    for (const drop of link.dropped) drop(new UplinkDownError("the link was cut"));
    link.dropped.clear();
    this.#events?.closed(link.session);
    link.events.down();
  }

  async #publish(
    device: DeviceId,
    leaf: Parameters<UplinkTransport["publish"]>[0],
    payload: Uint8Array,
  ): Promise<void> {
    const link = this.#links.get(device);
    const events = this.#events;
    if (!link?.up || !events) throw new UplinkDownError("not connected");
    this.#tap(`${device}/${leaf}`, payload);
    let drop: (fault: UplinkDownError) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      drop = reject;
    });
    link.dropped.add(drop);
    this.#underWay += 1;
    try {
      await Promise.race([events.published(link.session, leaf, payload), lost]);
    } catch (cause) {
      // A broker that cannot take a message ends the connection without an acknowledgement; the client knows no more than that.
      throw cause instanceof UplinkDownError ? cause : new UplinkDownError("not acknowledged", {}, { cause });
    } finally {
      this.#underWay -= 1;
      link.dropped.delete(drop);
    }
  }
}
