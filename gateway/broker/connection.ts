import type { Socket } from "node:net";
import type { Client, ConnectPacket } from "aedes";
import { type BootId, type DeviceId, parseBootId, parseDeviceId, type SiteId } from "../../protocol/ids.ts";
import { mayPublish, parseTopic, topicOf, UP_LEAVES } from "../../protocol/mqtt/topics.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { DeviceSession, PublishedLeaf, Violation } from "./device-broker.ts";
import type { PeerIdentity } from "./listeners.ts";

/** What aedes is told when a client breaks a rule; it closes the client and shows this to nobody. */
export class Refusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Refusal";
  }
}

export interface ConnectionLimits {
  /** Bytes of a last will. */
  readonly maxWillBytes: number;
}

/** Bytes of one client that may wait for their commit before it is not read any further. */
const MAX_PENDING_BYTES = 262_144;
/** PUBACK's type and length, before the two bytes of its message id. [MQTT-3.4] */
const PUBACK = 0x40020000;
const PUBACK_BYTES = 4;
const BAD_IDENTIFIER = 2;
const BAD_USER_NAME = 4;
const NOT_AUTHORIZED = 5;
const USER_NAME = /^boot:([0-9a-f]{8})$/;

/** One socket from accept to close, and what is known of who is at its other end. */
export class Connection {
  readonly socket: Socket;
  readonly #site: SiteId;
  readonly #peer: PeerIdentity | null;
  /** Known from the certificate at once; on the loopback listener from CONNECT. */
  device: DeviceId | null = null;
  session: DeviceSession | null = null;
  client: Client | null = null;
  refusal: { readonly violation: Violation; readonly returnCode: number } | null = null;
  admitted = false;
  /** Longest silence before it is taken for dead, milliseconds; and when the last byte came. */
  idleLimitMs = Number.POSITIVE_INFINITY;
  heardAtMs = 0;
  #pendingBytes = 0;
  #stalled = false;
  /** Message ids whose PUBACK goes out with the others of this turn of the loop. */
  #acknowledged: number[] = [];
  #leaves = new Map<string, PublishedLeaf>();
  #waiting = new Set<(alive: boolean) => void>();

  constructor(site: SiteId, socket: Socket, peer: PeerIdentity | null) {
    this.#site = site;
    this.socket = socket;
    this.#peer = peer;
  }

  /** Reads CONNECT: sets `session`, or `refusal` with the reason. */
  examine(client: Client, packet: ConnectPacket, limits: ConnectionLimits): void {
    this.client = client;
    const device = this.#deviceOf(packet.clientId);
    const boot = bootOf(packet.username);
    if (device === null) this.refusal = { violation: "bad_identity", returnCode: BAD_IDENTIFIER };
    else if (boot === null) this.refusal = { violation: "bad_identity", returnCode: BAD_USER_NAME };
    else if (!this.#mayWill(device, packet.will, limits))
      this.refusal = { violation: "bad_will", returnCode: NOT_AUTHORIZED };
    else {
      this.session = { device, boot, fingerprint: this.#peer?.fingerprint ?? null };
      for (const leaf of UP_LEAVES) this.#leaves.set(topicOf(this.#site, device, leaf), leaf);
    }
  }

  /** Topics that this device may publish on, without the answers to commands. */
  get topics(): ReadonlyMap<string, PublishedLeaf> {
    return this.#leaves;
  }

  /** Whether so much waits for its commit that nothing more may be read. */
  isStalled(): boolean {
    this.#stalled ||= this.#pendingBytes > MAX_PENDING_BYTES;
    return this.#stalled;
  }

  /** Notes that a message waits for its commit. */
  pending(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  /** Sends PUBACK for such a message, and goes on reading if it had stopped. */
  acknowledge(messageId: number, bytes: number): void {
    this.#pendingBytes -= bytes;
    if (this.#acknowledged.push(messageId) === 1) process.nextTick(this.#sendAcknowledgements);
    if (!this.#stalled || this.#pendingBytes > MAX_PENDING_BYTES / 2) return;
    this.#stalled = false;
    this.socket.emit("readable"); // what came meanwhile is in the socket's buffer, and nothing else will say so
  }

  readonly #sendAcknowledgements = (): void => {
    const ids = this.#acknowledged;
    this.#acknowledged = [];
    if (this.socket.destroyed) return;
    const pubacks = Buffer.allocUnsafe(PUBACK_BYTES * ids.length);
    for (const [at, id] of ids.entries()) pubacks.writeUInt32BE(PUBACK + id, PUBACK_BYTES * at);
    this.socket.write(pubacks);
  };

  /** The leaf that a topic names, if this device may publish on it. */
  leafOf(topic: string): PublishedLeaf | null {
    const known = this.#leaves.get(topic);
    if (known !== undefined) return known;
    const parsed = parseTopic(topic);
    if (!parsed || this.device === null || parsed.site !== this.#site || !mayPublish(this.device, parsed)) return null;
    return parsed.leaf as PublishedLeaf;
  }

  /** Resolves true at the next message or acknowledgement of the client, false after `timeoutMs` or when it goes away. */
  signOfLife(timers: Timers, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (alive: boolean): void => {
        cancel();
        this.#waiting.delete(settle);
        resolve(alive);
      };
      const cancel = timers.after(timeoutMs, () => settle(false));
      this.#waiting.add(settle);
    });
  }

  alive(): void {
    if (this.#waiting.size === 0) return;
    for (const settle of this.#waiting) settle(true);
  }

  died(): void {
    for (const settle of this.#waiting) settle(false);
  }

  #deviceOf(clientId: string): DeviceId | null {
    if (this.#peer) return clientId === this.#peer.device ? this.#peer.device : null;
    try {
      return parseDeviceId(clientId);
    } catch {
      return null; // the only fault of parseDeviceId: not a device id
    }
  }

  #mayWill(device: DeviceId, will: ConnectPacket["will"], limits: ConnectionLimits): boolean {
    if (!will) return true;
    will.qos = will.qos === 0 ? 0 : 1;
    return (
      will.topic === topicOf(this.#site, device, "state") && Buffer.byteLength(will.payload) <= limits.maxWillBytes
    );
  }
}

function bootOf(userName: string | undefined): BootId | null {
  const digits = USER_NAME.exec(userName ?? "")?.[1];
  return digits === undefined ? null : parseBootId(digits);
}
