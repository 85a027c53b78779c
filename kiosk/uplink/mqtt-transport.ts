import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { BootId, DeviceId, SiteId } from "../../protocol/ids.ts";
import { connectUserName } from "../../protocol/mqtt/messages.ts";
import { DOWN_LEAVES, type DownLeaf, parseTopic, topicOf, type UpLeaf } from "../../protocol/mqtt/topics.ts";
import { type TransportEvents, UplinkDownError, type UplinkTransport } from "./transport.ts";

export interface MqttTransportOptions {
  /** `mqtts://host:8883`, or `mqtt://` on loopback only. */
  readonly url: string;
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly boot: BootId;
  /** Certificates for mutual TLS; absent only for `mqtt://`. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string; readonly serverName: string };
}

/** Wait between two attempts to connect, milliseconds; spread so that a site does not come back all at once. */
const RECONNECT_MS = 1_000;
const RECONNECT_SPREAD_MS = 2_000;
const ACK_TIMEOUT_MS = 30_000;

/** {@link UplinkTransport} over the `mqtt` package, MQTT 3.1.1, clean sessions: the client's own queues are never used. */
export class MqttTransport implements UplinkTransport {
  readonly #options: MqttTransportOptions;
  #client: MqttClient | null = null;

  constructor(options: MqttTransportOptions) {
    this.#options = options;
  }

  async open(events: TransportEvents): Promise<void> {
    const client = connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    client.on("connect", () => this.#subscribe(client, events));
    client.on("close", () => events.down());
    client.on("error", () => undefined); // every error also closes the connection; reconnecting is the answer
    client.on("message", (topic, payload) => {
      const leaf = parseTopic(topic)?.leaf;
      if (leaf !== undefined) events.message(leaf as DownLeaf, new Uint8Array(payload));
    });
  }

  publish(
    leaf: UpLeaf | `cmd-result/${string}`,
    payload: Uint8Array,
    options: { qos: 0 | 1; retain?: boolean },
  ): Promise<void> {
    const client = this.#client;
    if (!client?.connected) return Promise.reject(new UplinkDownError("not connected to the gateway"));
    const { site, device } = this.#options;
    return new Promise<void>((resolve, reject) => {
      const lost = (): void => settle(new UplinkDownError("the gateway went away before it acknowledged"));
      const timer = setTimeout(() => client.stream.destroy(), ACK_TIMEOUT_MS); // a silent gateway: drop the line, try again
      const settle = (fault?: Error | null): void => {
        clearTimeout(timer);
        client.off("close", lost);
        if (fault)
          reject(
            fault instanceof UplinkDownError ? fault : new UplinkDownError("publish failed", {}, { cause: fault }),
          );
        else resolve();
      };
      client.once("close", lost);
      const retain = options.retain ?? false;
      client.publish(topicOf(site, device, leaf), Buffer.from(payload), { qos: options.qos, retain }, (fault) =>
        settle(fault ?? null),
      );
    });
  }

  /** Shows another certificate from the next connection on: the package hands its options to each. */
  useCertificate(shown: { readonly key: string; readonly cert: string }): void {
    if (this.#client) Object.assign(this.#client.options, shown);
  }

  async close(): Promise<void> {
    await this.#client?.endAsync(true);
    this.#client = null;
  }

  #clientOptions(): IClientOptions {
    const { site, device, boot, tls } = this.#options;
    return {
      clientId: device,
      username: connectUserName(boot),
      protocolVersion: 4,
      clean: true,
      resubscribe: false,
      queueQoSZero: false,
      keepalive: 30,
      reconnectPeriod: RECONNECT_MS + Math.floor(Math.random() * RECONNECT_SPREAD_MS),
      connectTimeout: 10_000,
      will: {
        topic: topicOf(site, device, "state"),
        payload: Buffer.from('{"status":"offline"}'),
        qos: 1,
        retain: true,
      },
      ...(tls && { key: tls.key, cert: tls.cert, ca: tls.ca, servername: tls.serverName, rejectUnauthorized: true }),
    };
  }

  #subscribe(client: MqttClient, events: TransportEvents): void {
    const { site, device } = this.#options;
    const filters = [
      ...DOWN_LEAVES.map((leaf) => topicOf(site, device, leaf)),
      `${topicOf(site, device, "cmd/x").slice(0, -1)}+`,
    ];
    client.subscribe(filters, { qos: 1 }, (fault) => {
      if (fault) client.stream.destroy();
      else events.up();
    });
  }
}
