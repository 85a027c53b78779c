import { isIP } from "node:net";
import { type Static, Type } from "@sinclair/typebox";
import { loadConfig } from "../runtime/config.ts";

const Group = <T extends Parameters<typeof Type.Object>[0]>(fields: T): ReturnType<typeof Type.Object<T>> =>
  Type.Object(fields, { default: {}, additionalProperties: false });

/** Settings of an engine: type, default, range and help text in one. */
export const EngineConfigSchema = Type.Object(
  {
    dataDir: Type.String({
      minLength: 1,
      default: "/var/lib/bluepost/engine",
      description: "Folder of the store and of the authority's keys",
    }),
    log: Group({
      level: Type.Union(
        ["error", "warn", "info", "debug", "silent"].map((level) => Type.Literal(level)),
        { default: "info", description: "Least level that is written: error, warn, info, debug or silent" },
      ),
    }),
    listen: Group({
      host: Type.String({
        minLength: 1,
        default: "127.0.0.1",
        description:
          "Address that the API binds to; it knows no users, so keep it on this machine or behind a proxy (see listen.trustedProxies)",
      }),
      trustedProxies: Type.Array(Type.String(), {
        default: [],
        description:
          "Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed: name the proxy before the API, else all who come by it count as one address, and ten wrong codes of one shut them all out for ten minutes",
      }),
      port: Type.Integer({
        minimum: 0,
        maximum: 65_535,
        default: 8_082,
        description: "Port of the API; 0 takes any free port",
      }),
      tls: Type.Boolean({
        default: false,
        description:
          "Whether to serve HTTPS under the authority's own root, and to take batches from gateways with a certificate only",
      }),
    }),
    store: Group({
      synchronous: Type.Union([Type.Literal("FULL"), Type.Literal("NORMAL"), Type.Literal("OFF")], {
        default: "FULL",
        description: "FULL: a receipt's rows survive a power cut. NORMAL and OFF: they may not",
      }),
    }),
    retentionDays: Type.Integer({
      minimum: 1,
      maximum: 365,
      default: 21,
      description:
        "Days after which rows and visits are deleted, by their own time; older ones are not taken in. The check-in of a stay that lasts longer is kept with it",
    }),
    closingHour: Type.Integer({
      minimum: 0,
      maximum: 23,
      default: 22,
      description: "Local hour at which venues that registered none are taken to close, when their type closes at all",
    }),
  },
  { additionalProperties: false },
);
export type EngineConfig = Static<typeof EngineConfigSchema>;

/** Prefix of environment variables: `BLUEPOST_ENGINE_LISTEN__PORT`. */
export const ENGINE_ENV_PREFIX = "BLUEPOST_ENGINE";

/**
 * Reads the engine's configuration: defaults, file, environment, flags, in rising order.
 *
 * @throws {ConfigError} RT_CONFIG with every problem found
 */
export function loadEngineConfig(sources: {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[] | undefined;
}): EngineConfig {
  return loadConfig(EngineConfigSchema, { ...sources, envPrefix: ENGINE_ENV_PREFIX }, [proxiesAreAddresses]);
}

function proxiesAreAddresses({ listen }: EngineConfig): string | null {
  if (listen.trustedProxies.every(isAddressOrNetwork)) return null;
  return "listen.trustedProxies: each must be an address like 127.0.0.1, or a network like 10.0.0.0/8 or fd00::/8";
}

function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}
