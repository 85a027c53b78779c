import { TLSSocket } from "node:tls";
import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { BluepostError } from "../../protocol/errors.ts";
import { connectOptions, type LinkOptions, type LinkTls, type MqttLevel } from "../broker/external/mqtt-link.ts";

/** The broker does not answer, or does not let this client in; `details.reason` says why. */
export class ProbeRefusedError extends BluepostError {
  readonly code = "GW_PROBE_REFUSED";
  readonly recovery = "operator";
}

/** Where a probe's clients connect, and as whom. */
export interface ProbeAddress {
  readonly url: string;
  readonly login: LinkOptions["login"];
  readonly tls: LinkTls | null;
  readonly timeoutMs: number;
}

export interface ProbeMessage {
  readonly topic: string;
  readonly text: string;
  readonly bytes: number;
  readonly retain: boolean;
}

/** One connection of a probe. */
export class ProbeClient {
  readonly #client: MqttClient;
  readonly #timeoutMs: number;
  readonly #watchers = new Set<() => void>();
  readonly #losses = new Set<() => void>();
  readonly messages: ProbeMessage[] = [];
  readonly connack: IConnackPacket;

  private constructor(client: MqttClient, connack: IConnackPacket, messages: ProbeMessage[], timeoutMs: number) {
    this.#client = client;
    this.connack = connack;
    this.messages = messages;
    this.#timeoutMs = timeoutMs;
    client.on("packetreceive", () => this.#look());
    client.on("close", () => {
      this.#look();
      for (const lost of this.#losses) lost();
    });
  }

  /**
   * Connects.
   *
   * @param options.acknowledge false leaves every message without PUBACK
   * @throws {ProbeRefusedError} GW_PROBE_REFUSED
   */
  static async open(
    address: ProbeAddress,
    options: {
      readonly clientId: string;
      readonly level?: MqttLevel;
      readonly keep?: boolean;
      readonly acknowledge?: boolean;
      readonly will?: { readonly topic: string; readonly text: string };
    },
  ): Promise<ProbeClient> {
    const { clientId, level = 4, keep = false, acknowledge = true, will } = options;
    const settings: IClientOptions = {
      ...connectOptions({ clientId, level, login: address.login, tls: address.tls }),
      clean: !keep,
      connectTimeout: address.timeoutMs,
      ...(level === 5 && keep && { properties: { sessionExpiryInterval: 3_600 } }),
      ...(will && { will: { topic: will.topic, payload: Buffer.from(will.text), qos: 1, retain: false } }),
    };
    const client = connect(address.url, settings);
    const messages: ProbeMessage[] = [];
    client.handleMessage = (packet, done) => {
      const { topic, payload, retain } = packet;
      messages.push({ topic, text: payload.toString().slice(0, 64), bytes: payload.length, retain });
      done(acknowledge ? undefined : new Error("not acknowledged"));
    };
    try {
      return new ProbeClient(client, await connected(client), messages, address.timeoutMs);
    } catch (cause) {
      client.end(true);
      const reason = cause instanceof Error ? cause.message : "unknown";
      throw new ProbeRefusedError(`no connection: ${reason}`, { reason }, { cause });
    }
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** When the broker's certificate runs out, wall clock; null without TLS. */
  get certificateEndsAt(): number | null {
    const { stream } = this.#client;
    return stream instanceof TLSSocket ? Date.parse(stream.getPeerCertificate().valid_to) : null;
  }

  /** @returns whether SUBACK granted it */
  subscribe(filter: string): Promise<boolean> {
    return this.#within(async () => {
      const grants = await this.#client.subscribeAsync(filter, { qos: 1 });
      return grants.every(({ qos }) => qos < 128);
    });
  }

  /** @returns whether PUBACK came */
  publish(topic: string, payload: string | Buffer, retain = false): Promise<boolean> {
    return this.#within(async () => {
      await this.#client.publishAsync(topic, payload, { qos: 1, retain });
      return true;
    });
  }

  /** Waits for messages. @returns whether `enough` held in time */
  async until(enough: (messages: readonly ProbeMessage[]) => boolean, timeoutMs = this.#timeoutMs): Promise<boolean> {
    if (enough(this.messages)) return true;
    return await new Promise((resolve) => {
      const look = (): void => {
        if (enough(this.messages)) settle(true);
        else if (!this.#client.connected) settle(false);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      const settle = (held: boolean): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(held);
      };
      this.#watchers.add(look);
    });
  }

  /** Vanishes, so that the broker has to find out. */
  cut(): void {
    this.#client.stream.destroy();
  }

  async end(): Promise<void> {
    if (this.#client.connected) await this.#client.endAsync();
    else this.#client.end(true);
  }

  #look(): void {
    setImmediate(() => {
      for (const look of this.#watchers) look(); // after the message was noted
    });
  }

  async #within(ask: () => Promise<boolean>): Promise<boolean> {
    let stop = (): void => {};
    const over = new Promise<false>((resolve) => {
      const settle = (): void => resolve(false);
      const timer = setTimeout(settle, this.#timeoutMs);
      this.#losses.add(settle);
      stop = () => {
        clearTimeout(timer);
        this.#losses.delete(settle);
      };
    });
    try {
      return await Promise.race([ask().catch(() => false), over]);
    } finally {
      stop();
    }
  }
}

function connected(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new Error("the broker closed the connection")));
    client.on("error", () => undefined); // later ones close the connection too
  });
}
