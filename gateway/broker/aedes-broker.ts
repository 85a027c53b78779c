import type { Server, Socket } from "node:net";
import type { Aedes, AuthenticateError, Client, ConnectPacket } from "aedes";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import { type DownLeaf, maySubscribe, topicOf } from "../../protocol/mqtt/topics.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import { type AedesHooks, createAedes } from "./aedes-hooks.ts";
import { Connection, type ConnectionLimits, Refusal } from "./connection.ts";
import { ConnectionRoll, type RollLimits } from "./connection-roll.ts";
import type {
  BrokerEvents,
  DeviceBroker,
  DeviceSession,
  PublishedLeaf,
  SendOptions,
  Violation,
} from "./device-broker.ts";
import { gatherWrites } from "./gathered-writes.ts";
import {
  contextOf,
  filterReads,
  listen,
  meterFor,
  type PeerIdentity,
  plainListener,
  type TlsSettings,
  tlsListener,
} from "./listeners.ts";
import { PublishLane } from "./publish-lane.ts";

export interface BrokerLimits extends ConnectionLimits, RollLimits {
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
}

export interface AedesBrokerOptions {
  readonly site: SiteId;
  /** Null leaves TLS out; for benches. */
  readonly tls: TlsSettings | null;
  /** Port on 127.0.0.1 without TLS, where the client id is believed; null leaves it out, 0 takes any free port. */
  readonly plainPort: number | null;
  readonly limits: BrokerLimits;
  readonly timers: Timers;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** A client that asks for no keep-alive, or a longer one, gets this, seconds: a dead connection must be noticed at last. */
const KEEPALIVE_LIMIT_S = 600;
/** How often silent connections are looked for, milliseconds. */
const SWEEP_EVERY_MS = 1_000;

/**
 * The {@link DeviceBroker} over aedes 1.2.
 *
 * aedes writes PUBACK as soon as `authorizePublish` calls back, before it stores or routes anything; so that callback waits for the
 * spool's commit. It closes a client whose callback gets an error, so errors stand for broken rules, never for bad content. Its
 * emitter with a bound on concurrency drains recursively and dies when many pipelining clients drop at once; ours has none.
 *
 * Of a session that is ready, QoS 1 messages on the device's own fixed topics never reach aedes: {@link PublishLane} takes them out of
 * the stream, under the same rules, and they are acknowledged here. Everything else is aedes': CONNECT, subscriptions, wills, QoS 0,
 * retained messages, and every message that breaks a rule.
 */
export class AedesBroker implements DeviceBroker {
  readonly #options: AedesBrokerOptions;
  readonly #connections = new WeakMap<object, Connection>();
  readonly #roll: ConnectionRoll;
  #events: BrokerEvents | null = null;
  #aedes: Aedes | null = null;
  readonly #lanes = new WeakMap<Connection, PublishLane<PublishedLeaf>>();
  #servers: (Server & { setSecureContext?: ReturnType<typeof tlsListener>["setSecureContext"] })[] = [];
  #stopSweeping = (): void => {};
  #ports: { readonly tls: number | null; readonly plain: number | null } = { tls: null, plain: null };

  constructor(options: AedesBrokerOptions) {
    this.#options = options;
    this.#roll = new ConnectionRoll(options.limits, options.nowMs);
  }

  /** Ports that it listens on, once open. */
  get ports(): { readonly tls: number | null; readonly plain: number | null } {
    return this.#ports;
  }

  async open(events: BrokerEvents): Promise<void> {
    this.#events = events;
    const aedes = createAedes(this.#options.limits.connectTimeoutMs, this.#hooks(events));
    await aedes.listen();
    this.#aedes = aedes;
    this.#stopSweeping = every(this.#options.timers, SWEEP_EVERY_MS, () => this.#roll.dropSilent());
    const { site, tls, plainPort } = this.#options;
    if (tls) {
      const server = tlsListener(site, tls, {
        accept: (socket, peer) => this.#accept(aedes, socket, peer),
        refuse: () => events.violated("foreign_certificate", null),
      });
      this.#ports = { ...this.#ports, tls: await this.#listen(server, tls) };
    }
    if (plainPort !== null) {
      const server = plainListener((socket) => this.#accept(aedes, socket, null));
      this.#ports = { ...this.#ports, plain: await this.#listen(server, { host: "127.0.0.1", port: plainPort }) };
    }
  }

  /** Shows another certificate to whoever connects from now on; sessions go on. */
  useCertificate(shown: Pick<TlsSettings, "key" | "cert">): void {
    for (const server of this.#servers) server.setSecureContext?.(contextOf(this.#options.tls, shown));
  }

  send(device: DeviceId, leaf: DownLeaf | `cmd/${string}`, payload: Uint8Array, options: SendOptions = {}): void {
    const retain = options.retain ?? false;
    if (!retain && this.#roll.of(device).size === 0) return;
    const topic = topicOf(this.#options.site, device, leaf);
    const body = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    this.#aedes?.publish({ cmd: "publish", topic, payload: body, qos: 1, dup: false, retain }, ignore);
  }

  async probe(session: DeviceSession, timeoutMs: number): Promise<boolean> {
    const connection = [...this.#roll.of(session.device)].find((one) => one.session === session);
    if (!connection?.client) return false;
    const topic = topicOf(this.#options.site, session.device, "cmd/ping");
    const sign = connection.signOfLife(this.#options.timers, timeoutMs);
    connection.client.publish(
      { cmd: "publish", topic, payload: Buffer.alloc(0), qos: 1, dup: false, retain: false },
      ignore,
    );
    return sign;
  }

  kick(device: DeviceId): void {
    for (const connection of this.#roll.of(device)) connection.socket.destroy();
  }

  async close(): Promise<void> {
    this.#events = null;
    this.#stopSweeping();
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#roll.dropAll();
    await new Promise<void>((resolve) => (this.#aedes ? this.#aedes.close(resolve) : resolve()));
    await Promise.all(closed);
  }

  async #listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
    server.maxConnections = this.#options.limits.maxConnections;
    const port = await listen(server, { host: address.host, port: address.port });
    this.#servers.push(server);
    return port;
  }

  #accept(aedes: Aedes, socket: Socket, peer: PeerIdentity | null): void {
    const connection = new Connection(this.#options.site, socket, peer);
    this.#connections.set(socket, connection);
    this.#filter(connection);
    gatherWrites(socket);
    socket.once("close", () => this.#forget(connection));
    if (peer && !this.#enlist(connection, peer.device)) return;
    aedes.handle(socket);
  }

  #filter(connection: Connection): void {
    const meter = meterFor(this.#options.limits.maxPacketBytes);
    const lane = new PublishLane<PublishedLeaf>((leaf, id, payload) => this.#take(connection, { leaf, id, payload }));
    this.#lanes.set(connection, lane);
    filterReads(connection.socket, {
      measure: (chunk) => {
        connection.heardAtMs = this.#options.nowMs();
        const good = meter.feed(chunk);
        if (!good) this.#events?.violated("oversize", connection.device);
        return good;
      },
      pass: (chunk) => lane.feed(chunk),
      isStalled: () => connection.isStalled(),
    });
  }

  /** Counts the connection as the device's. @returns false when it has too many; the socket is closed then */
  #enlist(connection: Connection, device: DeviceId): boolean {
    if (this.#roll.enlist(connection, device)) return true;
    this.#events?.violated("too_many_connections", device);
    connection.socket.destroy();
    return false;
  }

  #forget(connection: Connection): void {
    this.#roll.strike(connection);
    connection.died();
    if (connection.admitted && connection.session) this.#events?.closed(connection.session);
    connection.admitted = false;
  }

  #hooks(events: BrokerEvents): AedesHooks {
    return {
      examine: (client, packet) => this.#examine(client, packet),
      admit: (client, done) => void this.#admit(client, done),
      publish: (client, packet, done) => this.#publish(client, packet, done),
      maySubscribe: (client, topic) => {
        const device = this.#connections.get(client.conn)?.device ?? null;
        if (device !== null && maySubscribe(this.#options.site, device, topic)) return true;
        events.violated("refused_subscription", device);
        return false;
      },
      ready: (client) => {
        const connection = this.#connections.get(client.conn);
        if (!connection?.admitted || !connection.session) return;
        this.#lanes.get(connection)?.open(connection.topics);
        events.connected(connection.session);
      },
      alive: (client) => this.#connections.get(client.conn)?.alive(),
      subscribed: (client, topic) => {
        const session = this.#connections.get(client.conn)?.session;
        if (!session) return;
        const own = topicOf(this.#options.site, session.device, "cmd/x").length - "cmd/x".length;
        events.subscribed(session, topic.slice(own) as DownLeaf | "cmd/+");
      },
    };
  }

  /** First look at CONNECT: the verdict is given in `authenticate`, which can answer with a reason. */
  #examine(client: Client, packet: ConnectPacket): void {
    const connection = this.#connections.get(client.conn);
    if (!connection) return;
    packet.clean = true; // sessions live in the spool, not in the broker's memory
    connection.idleLimitMs = Math.min(packet.keepalive || KEEPALIVE_LIMIT_S, KEEPALIVE_LIMIT_S) * 1_500; // [MQTT-3.1.2-24]
    packet.keepalive = 0; // aedes would not see the messages that the lane takes, and end the session
    connection.examine(client, packet, this.#options.limits);
    if (connection.refusal) this.#events?.violated(connection.refusal.violation, connection.device);
    else if (connection.device === null && connection.session) this.#enlist(connection, connection.session.device);
  }

  async #admit(
    client: Client,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): Promise<void> {
    const connection = this.#connections.get(client.conn);
    const session = connection?.session;
    if (!connection || !session || connection.refusal || !this.#events) {
      done(refused(connection?.refusal?.returnCode ?? 3), null);
      return;
    }
    const events = this.#events;
    const admission = await events.admit(session);
    if (admission.kind === "refused") {
      events.violated("refused_session", session.device);
      done(refused(admission.reason === "unavailable" ? 3 : 5), null);
      return;
    }
    if (connection.socket.destroyed) {
      events.closed(session); // it left while it waited
      return;
    }
    connection.admitted = true;
    done(null, true);
  }

  #publish(
    client: Client | null,
    packet: { topic: string; payload: string | Buffer; qos: number; retain: boolean },
    done: (error?: Error | null) => void,
  ): void {
    const connection = client && this.#connections.get(client.conn);
    const events = this.#events;
    const session = connection?.session;
    if (!connection || !session || !events) {
      done(new Refusal("closing"));
      return;
    }
    const leaf = connection.leafOf(packet.topic);
    const violation = this.#violationOf(session.device, leaf, packet.qos);
    if (leaf === null || violation) {
      events.violated(violation ?? "foreign_topic", session.device);
      done(new Refusal(violation ?? "foreign_topic"));
      return;
    }
    connection.alive();
    if (leaf !== "state") packet.retain = false; // a retained batch would stay in memory for ever
    events.published(session, leaf, packet.payload as Buffer).then(() => done(null), done);
  }

  #violationOf(device: DeviceId, leaf: PublishedLeaf | null, qos: number): Violation | null {
    if (leaf === null) return "foreign_topic";
    if (qos > 1) return "qos2";
    return this.#roll.mayPublish(device) ? null : "rate";
  }

  /** A message that came by the lane. */
  #take(connection: Connection, message: { leaf: PublishedLeaf; id: number; payload: Uint8Array }): void {
    const { session, socket } = connection;
    const events = this.#events;
    if (!events || !session || socket.destroyed) return;
    if (!this.#roll.mayPublish(session.device)) {
      events.violated("rate", session.device);
      socket.destroy();
      return;
    }
    connection.alive();
    connection.pending(message.payload.length);
    events.published(session, message.leaf, message.payload).then(
      () => connection.acknowledge(message.id, message.payload.length),
      () => socket.destroy(),
    );
  }
}

function refused(returnCode: number): AuthenticateError {
  return Object.assign(new Refusal("refused"), { returnCode });
}

function ignore(): void {}
