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
  #events: BrokerEvents | null = null;

  /** The gateway's side. */
  readonly broker: DeviceBroker = {
    open: (events) => {
      this.#events = events;
      for (const device of this.#links.keys()) void this.#connect(device);
      return Promise.resolve();
    },
    send: (device, leaf, payload) => {
      const link = this.#links.get(device);
      if (!link?.up) return;
      setImmediate(() => {
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
    let drop: (fault: UplinkDownError) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      drop = reject;
    });
    link.dropped.add(drop);
    try {
      await Promise.race([events.published(link.session, leaf, payload), lost]);
    } finally {
      link.dropped.delete(drop);
    }
  }
}
