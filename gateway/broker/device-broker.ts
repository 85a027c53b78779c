import { type BootId, type DeviceId, parseBootId } from "../../protocol/ids.ts";
import type { DownLeaf, UpLeaf } from "../../protocol/mqtt/topics.ts";

/** One connection of one device, from its CONNECT to its end. Compared by identity: a reconnect is a new session. */
export interface DeviceSession {
  readonly device: DeviceId;
  /** Run of the machine that connects: a copied card has another one. */
  readonly boot: BootId;
  /** SHA-256 of the certificate in use, upper-case hex with colons; null on the loopback listener. */
  readonly fingerprint: string | null;
}

/** Boot id of a session whose device has not said it yet: an external broker keeps CONNECT to itself, so `state` has to tell. */
export const UNKNOWN_BOOT: BootId = parseBootId("00000000");

/** What may be done about a device that wants to connect. */
export type Admission =
  | { readonly kind: "admitted" }
  | { readonly kind: "refused"; readonly reason: "unknown_device" | "revoked" | "clone" | "unavailable" };

/** What a client did that ends its connection, or at an external broker costs it the message. Names are counters in `status`. */
export type Violation =
  | "foreign_certificate"
  | "bad_identity"
  | "bad_protocol"
  | "bad_will"
  | "oversize"
  | "rate"
  | "too_many_connections"
  | "foreign_topic"
  | "qos2"
  | "refused_subscription"
  | "refused_session"
  /** A kiosk that the site's authority certified signed a batch, and the registry here has never heard of it. */
  | "batch_of_unknown"
  | "bad_signature";

/** A leaf that a device publishes on: the fixed ones, or an answer to a command. */
export type PublishedLeaf = UpLeaf | `cmd-result/${string}`;

/** What a broker tells the gateway. None of them may throw synchronously. */
export interface BrokerEvents {
  /** Asked at CONNECT, once the identity is proven; the client waits for the answer. Every admitted session ends with `closed`. */
  admit(session: DeviceSession): Promise<Admission>;
  /** CONNECT was answered. An older session of the same device has already been closed. */
  connected(session: DeviceSession): void;
  closed(session: DeviceSession): void;
  /** A subscription to one of the device's own leaves has been granted; messages sent from now on arrive. */
  subscribed(session: DeviceSession, leaf: DownLeaf | "cmd/+"): void;
  /**
   * A message on the device's own branch, the last will among them. With QoS 1 it is acknowledged when the promise resolves, and only
   * then; when it rejects, the connection ends without an acknowledgement.
   */
  published(session: DeviceSession, leaf: PublishedLeaf, payload: Uint8Array): Promise<void>;
  violated(kind: Violation, device: DeviceId | null): void;
}

export interface ExternalBrokerState {
  /** Whether the gateway hears the kiosks. */
  readonly connected: boolean;
  /** Whether the broker divides the batches among the gateway processes. */
  readonly shares: boolean;
}

export interface SendOptions {
  /** Whether a later subscriber gets the last one at once. */
  readonly retain?: boolean;
}

/**
 * The gateway's side of MQTT, in our words: devices are who they say they are, and each is confined to its own branch.
 *
 * Messages of one session are published in order; their acknowledgements may come in any order. QoS 2 is refused: exactly-once comes
 * from sequence numbers here, and half-open QoS 2 handshakes are memory that a client controls.
 */
export interface DeviceBroker {
  /** How it stands with the broker that somebody else runs; absent when the gateway is its own. */
  readonly external?: ExternalBrokerState;
  /** Starts to listen. @throws {BrokerUnavailableError} GW_BROKER_UNAVAILABLE when an address cannot be taken */
  open(events: BrokerEvents): Promise<void>;
  /** Sends with QoS 1 to the device's session if it is subscribed; without one nothing happens (retained ones are kept). */
  send(device: DeviceId, leaf: DownLeaf | `cmd/${string}`, payload: Uint8Array, options?: SendOptions): void;
  /** Asks a session for a sign of life. @returns whether it gave one within `timeoutMs` */
  probe(session: DeviceSession, timeoutMs: number): Promise<boolean>;
  /** Ends a device's connections now. */
  kick(device: DeviceId): void;
  /** Ends all connections and stops to listen; `published` is not called any more. */
  close(): Promise<void>;
}
