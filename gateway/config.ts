import { type Static, Type } from "@sinclair/typebox";
import { MAX_PACKET_BYTES } from "../protocol/mqtt/messages.ts";
import { loadConfig } from "../runtime/config.ts";

const Port = (value: number, description: string): ReturnType<typeof Type.Integer> =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: value, description });
const Count = (value: number, minimum: number, description: string): ReturnType<typeof Type.Integer> =>
  Type.Integer({ minimum, default: value, description });
const Group = <T extends Parameters<typeof Type.Object>[0]>(fields: T): ReturnType<typeof Type.Object<T>> =>
  Type.Object(fields, { default: {}, additionalProperties: false });

/** Settings of a gateway: type, default, range and help text in one. */
export const GatewayConfigSchema = Type.Object(
  {
    dataDir: Type.String({
      minLength: 1,
      default: "/var/lib/bluepost/gateway",
      description: "Folder of the spool, the registry, keys and certificates",
    }),
    log: Group({
      level: Type.Union(
        ["error", "warn", "info", "debug", "silent"].map((level) => Type.Literal(level)),
        { default: "info", description: "Least level that is written: error, warn, info, debug or silent" },
      ),
    }),
    mqtt: Group({
      host: Type.String({ default: "0.0.0.0", description: "Address that the TLS listener binds to" }),
      port: Port(8883, "Port of MQTT over TLS; 0 takes any free port"),
      plainLoopbackPort: Port(0, "Port of MQTT without TLS on 127.0.0.1, for a kiosk on the same machine; 0 is off"),
      maxConnections: Count(2_000, 1, "Connections at once, of one listener"),
      maxConnectionsPerDevice: Count(4, 1, "Connections of one device at once"),
      maxPacketBytes: Count(MAX_PACKET_BYTES, 1_024, "Longest MQTT packet; a longer one ends the connection"),
      publishPerSecond: Count(100, 1, "Messages a second that a device may publish for long"),
      publishBurst: Count(1_000, 1, "Messages that a device may publish at once"),
      connectTimeoutMs: Count(10_000, 100, "Time for a client to send CONNECT"),
      probeMs: Count(5_000, 10, "Time for an old session to show that it lives before another takes its place"),
    }),
    broker: Group({
      url: Type.String({
        pattern: "^(mqtts?://[^\\s@/]+/?)?$",
        default: "",
        description:
          "External broker, for example mqtts://broker.example:8883; empty: the gateway is the broker itself",
      }),
      protocol: Type.Union(
        ["auto", "3.1.1", "5"].map((version) => Type.Literal(version)),
        { default: "auto", description: "MQTT version that the external broker is spoken to in: auto, 3.1.1 or 5" },
      ),
      group: Type.String({
        pattern: "^[a-z0-9-]{0,32}$",
        default: "",
        description:
          "Gateway processes of one group share dataDir, and the batches by $share; empty: this one takes everything",
      }),
      worker: Type.String({
        pattern: "^[a-z0-9-]{1,16}$",
        default: "1",
        description:
          "Name of this gateway process at the external broker, one each; of a group, 1 does what is done once a site",
      }),
      caFile: Type.String({ default: "", description: "Authority of the broker's certificate; empty: the site's" }),
      certFile: Type.String({ default: "", description: "Client certificate; empty: one of the site is made" }),
      keyFile: Type.String({ default: "", description: "Key of certFile" }),
      passwordFile: Type.String({
        default: "",
        description: "User on the first line, password on the second; mode 0600",
      }),
    }),
    spool: Group({
      synchronous: Type.Union([Type.Literal("FULL"), Type.Literal("NORMAL"), Type.Literal("OFF")], {
        default: "FULL",
        description: "FULL: an acknowledged message survives a power cut. NORMAL and OFF: it may not",
      }),
      maxGroup: Count(512, 1, "Messages of all devices that share one flush, at most"),
    }),
    engine: Group({
      url: Type.String({
        pattern: "^https?://[^\\s]+$",
        default: "http://127.0.0.1:8082",
        description: "Address of the engine; https: by mutual TLS under the authority's own root (engine: listen.tls)",
      }),
      timeoutMs: Count(30_000, 100, "Time for the engine to answer one request"),
      backoffFirstMs: Count(500, 1, "Longest wait after the first failure; doubles with each"),
      backoffMaxMs: Count(60_000, 1, "Longest wait between two attempts"),
    }),
    http: Group({
      host: Type.String({
        default: "0.0.0.0",
        description: "Address of the fleet page, time and status; status answers loopback only",
      }),
      port: Port(8081, "Port of the fleet page, time and status; 0 takes any free port"),
      announce: Type.Boolean({
        default: true,
        description:
          "Whether multicast DNS tells the local network where the fleet page is; never on a loopback address",
      }),
      openMetrics: Type.Boolean({
        default: false,
        description:
          "Whether other machines may read /metrics, for a Prometheus elsewhere; it names kiosks, never people",
      }),
    }),
    enrol: Group({
      port: Port(0, "Port of HTTPS for enrolment and renewal, at http.host; 0 takes any free one: kiosks ask for it"),
    }),
    time: Group({
      trusted: Type.Boolean({
        default: false,
        description:
          "Whether this clock is right though the machine does not say so: the host of a virtual machine keeps it",
      }),
      syncFile: Type.String({
        default: "",
        description:
          "File that exists while this clock is synchronised; empty: chrony, timesyncd, systemd and the battery clock are asked",
      }),
      syncedUncertaintyMs: Count(500, 0, "How far off this clock may be when trusted, or while syncFile is there"),
      unsyncedUncertaintyMs: Count(86_400_000, 0, "How far off it may be while nothing keeps it: a day without power"),
    }),
  },
  { additionalProperties: false },
);
export type GatewayConfig = Static<typeof GatewayConfigSchema>;

/** Prefix of environment variables: `BLUEPOST_GATEWAY_MQTT__PORT`. */
export const GATEWAY_ENV_PREFIX = "BLUEPOST_GATEWAY";

/** Of a group of workers, the one of this name does what only one process of a site may do. */
export const FIRST_WORKER = "1";

/** Whether this process is one of several that share the batches of a site, and not the first of them. */
export function isFurtherWorker({ broker }: GatewayConfig): boolean {
  return broker.url !== "" && broker.group !== "" && broker.worker !== FIRST_WORKER;
}

const RULES = [
  ({ broker }: GatewayConfig): string | null =>
    (broker.certFile === "") === (broker.keyFile === "") ? null : "broker.keyFile: give certFile and keyFile together",
  ({ broker }: GatewayConfig): string | null =>
    /^mqtt:\/\/(?!(127\.0\.0\.1|localhost|\[::1\])(:|\/|$))/.test(broker.url)
      ? "broker.url: without TLS (mqtt://) a broker may be on this machine only; use mqtts://"
      : null,
  (config: GatewayConfig): string | null =>
    config.engine.backoffMaxMs < config.engine.backoffFirstMs
      ? "engine.backoffMaxMs: must not be less than engine.backoffFirstMs"
      : null,
  (config: GatewayConfig): string | null =>
    config.mqtt.port !== 0 && config.mqtt.port === config.mqtt.plainLoopbackPort
      ? "mqtt.plainLoopbackPort: must differ from mqtt.port"
      : null,
];

/**
 * Reads the gateway's configuration: defaults, file, environment, flags, in rising order.
 *
 * @throws {ConfigError} RT_CONFIG with every problem found
 */
export function loadGatewayConfig(sources: {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[] | undefined;
}): GatewayConfig {
  return loadConfig(GatewayConfigSchema, { ...sources, envPrefix: GATEWAY_ENV_PREFIX }, RULES);
}
