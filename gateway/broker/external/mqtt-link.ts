import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { faultFields, type Logger } from "../../../runtime/log.ts";
import type { Timers } from "../../../runtime/timers.ts";
import { Backoff } from "../../delivery/backoff.ts";
import { AckWindow } from "./ack-window.ts";

/** Protocol levels of CONNECT. */
export type MqttLevel = 4 | 5;

export interface LinkOptions {
  /** `mqtts://host:8883`, or `mqtt://` on loopback. */
  readonly url: string;
  readonly clientId: string;
  /** Whether the broker keeps messages for it while it is away. */
  readonly keepsSession: boolean;
  /** "auto" tries MQTT 5 and takes 3.1.1 when the broker refuses it. */
  readonly protocol: "auto" | "3.1.1" | "5";
  /** Made for each connection, so that a certificate that was renewed counts at once. Null for `mqtt://`. */
  readonly tls: () => Promise<LinkTls | null>;
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly maxPacketBytes: number;
  readonly connectTimeoutMs: number;
  readonly timers: Timers;
  /** Uniform in [0, 1), for the spread of reconnects. */
  readonly random: () => number;
  readonly log: Logger;
}

/** PEM texts; `serverName` is the name that the broker's certificate must have, empty for that of the URL. Without `ca` public authorities are believed. */
export interface LinkTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName: string;
}

/** What a connection knows of its broker. */
export interface LinkFacts {
  readonly level: MqttLevel;
  readonly sessionPresent: boolean;
  /** False when the broker says that it has none; true may still be wrong with 3.1.1. */
  readonly mayShare: boolean;
}

export interface LinkEvents {
  /** Connected; the connection is dropped and tried again when the promise rejects. */
  up(facts: LinkFacts): Promise<void>;
  down(): void;
  /** A message; with QoS 1 it is acknowledged when the promise resolves. When it rejects, the connection ends and it comes again. */
  message(topic: string, payload: Uint8Array, retain: boolean): Promise<void>;
}

const RECONNECT = { firstMs: 500, maxMs: 30_000 };
/** How long the broker keeps the session of a gateway that is away, seconds: longer than any holiday. */
const SESSION_EXPIRY_S = 30 * 86_400;
const KEEPALIVE_S = 30;
/** How long a goodbye may take, milliseconds. */
const GOODBYE_MS = 2_000;
/** CONNACK: the broker does not speak this version (3.1.1 code 1, MQTT 5 code 132). */
const WRONG_VERSION = [1, 132];
/** Tells mqtt.js to send no PUBACK of its own; it shows this to nobody. */
const ACKNOWLEDGED_LATER = new Error("acknowledged after the commit");

/** The broker took the connection and ended it without a word: some do so with a version that they do not know. */
class NoAnswer extends Error {}

/** One persistent session at a broker, over as many connections as it takes. Manual acknowledgement; reconnects for ever with jitter. */
export class MqttLink {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #events: LinkEvents;
  #client: MqttClient | null = null;
  #level: MqttLevel;
  #closed = false;
  #cancelRetry = (): void => {};

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#level = options.protocol === "3.1.1" ? 4 : 5;
    this.#backoff = new Backoff(RECONNECT, options.random);
  }

  get connected(): boolean {
    return this.#client?.connected ?? false;
  }

  /** Resolves when the first attempt is over, good or bad; a bad one is tried again in the background. */
  async open(): Promise<void> {
    if (this.#closed) return;
    try {
      const [client, connack] = await this.#connect();
      await Promise.race([this.#events.up(this.#factsOf(connack)), closing(client)]);
      client.once("close", () => this.#lost(client));
      this.#backoff.reset();
      this.#options.log.info("broker.connected", { level: this.#level, sessionPresent: connack.sessionPresent });
    } catch (fault) {
      this.#client?.end(true);
      this.#client = null;
      this.#events.down();
      if (this.#fallBack(fault)) return await this.open();
      this.#retry(fault);
    }
  }

  /** Subscribes with QoS 1. @returns whether all filters were granted */
  async subscribe(filters: readonly string[]): Promise<boolean> {
    const client = this.#client;
    if (!client) return false;
    return await new Promise((resolve) => {
      client.subscribe([...filters], { qos: 1 }, (fault, grants) =>
        resolve(!fault && (grants ?? []).every(({ qos }) => qos < 128)),
      );
    });
  }

  unsubscribe(filters: readonly string[]): void {
    if (this.connected) this.#client?.unsubscribe([...filters], ignore);
  }

  /** Publishes with QoS 1. @returns false when there is no connection; nothing is queued then */
  publish(topic: string, payload: Uint8Array, retain: boolean): boolean {
    if (!this.connected) return false;
    const body = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    this.#client?.publish(topic, body, { qos: 1, retain }, ignore);
    return true;
  }

  /** Ends the connection; what was not acknowledged comes again on the next one. */
  drop(): void {
    this.#client?.stream.destroy();
  }

  /** Says goodbye and stays away; the broker keeps the session. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.timers.after(GOODBYE_MS, () => {
        client.stream.destroy(); // connected, and silent
        resolve();
      });
      client.end(!client.connected, {}, () => {
        cancel();
        resolve();
      });
    });
  }

  async #connect(): Promise<[MqttClient, IConnackPacket]> {
    const client = connect(this.#options.url, await this.#clientOptions());
    this.#client = client;
    this.#listen(client);
    return await new Promise((resolve, reject) => {
      client.once("connect", (connack) => resolve([client, connack]));
      client.once("error", reject);
      client.once("close", () => reject(new NoAnswer("closed before it was connected")));
    });
  }

  #listen(client: MqttClient): void {
    const acks = new AckWindow((ids) => {
      if (client.connected) client.stream.write(pubacks(ids));
    });
    client.on("error", ignore); // every error also closes the connection, and that is what counts
    client.handleMessage = (packet, done) => {
      const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
      const taken = this.#events.message(packet.topic, payload, packet.retain);
      if (packet.qos === 0 || packet.messageId === undefined) {
        taken.catch(ignore); // nobody waits for an answer
        done();
        return;
      }
      const keep = acks.add(packet.messageId, payload.length, () => done(ACKNOWLEDGED_LATER));
      taken.then(keep, () => client.stream.destroy());
    };
  }

  #lost(client: MqttClient): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = null;
    this.#events.down();
    this.#retry(null);
  }

  #retry(fault: unknown): void {
    if (this.#closed) return;
    this.#cancelRetry();
    const waitMs = this.#backoff.next();
    this.#options.log.warn("broker.unreachable", { ...(fault !== null && reasonOf(fault)), waitMs });
    this.#cancelRetry = this.#options.timers.after(waitMs, () => void this.open());
  }

  #fallBack(fault: unknown): boolean {
    if (this.#options.protocol !== "auto" || this.#level === 4) return false;
    if (!WRONG_VERSION.includes(codeOf(fault)) && !(fault instanceof NoAnswer)) return false;
    this.#level = 4;
    return true;
  }

  async #clientOptions(): Promise<IClientOptions> {
    const { clientId, keepsSession, login, maxPacketBytes, connectTimeoutMs, tls } = this.#options;
    return {
      ...connectOptions({ clientId, level: this.#level, login, tls: await tls() }),
      clean: !keepsSession,
      keepalive: KEEPALIVE_S,
      connectTimeout: connectTimeoutMs,
      ...(this.#level === 5 && {
        properties: {
          sessionExpiryInterval: keepsSession ? SESSION_EXPIRY_S : 0,
          maximumPacketSize: maxPacketBytes,
        },
      }),
    };
  }

  #factsOf(connack: IConnackPacket): LinkFacts {
    const mayShare = connack.properties?.sharedSubscriptionAvailable !== false;
    return { level: this.#level, sessionPresent: connack.sessionPresent, mayShare };
  }
}

/** Rejects when the connection ends. */
function closing(client: MqttClient): Promise<never> {
  return new Promise((_, reject) => {
    if (!client.connected) reject(new Error("the broker went away"));
    client.once("close", () => reject(new Error("the broker went away")));
  });
}

/** Options of mqtt.js for one connection that it must neither repeat nor queue for. */
export function connectOptions(who: {
  readonly clientId: string;
  readonly level: MqttLevel;
  readonly login: LinkOptions["login"];
  readonly tls: LinkTls | null;
}): IClientOptions {
  const { clientId, level, login, tls } = who;
  return {
    clientId,
    protocolVersion: level,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(login && { username: login.user, password: login.password }),
    ...(tls && {
      rejectUnauthorized: true,
      ...(tls.serverName !== "" && { servername: tls.serverName }),
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.cert !== undefined && { cert: tls.cert }),
      ...(tls.key !== undefined && { key: tls.key }),
    }),
  };
}

/** PUBACK packets, which are the same in 3.1.1 and, for success, in MQTT 5. */
function pubacks(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(ids.length * 4);
  for (const [at, id] of ids.entries()) bytes.writeUInt32BE(0x40020000 + id, at * 4);
  return bytes;
}

function codeOf(fault: unknown): number {
  return typeof fault === "object" && fault !== null && "code" in fault ? Number(fault.code) : Number.NaN;
}

function reasonOf(fault: unknown): { readonly fault: string } {
  const code = codeOf(fault);
  return { fault: Number.isNaN(code) ? String(faultFields(fault)["fault"]) : `CONNACK ${code}` };
}

function ignore(): void {}
