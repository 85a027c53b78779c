import type { DeliveryStatus } from "../delivery/delivery.ts";
import type { SpoolStats } from "../spool/spool.ts";
import type { DeviceView } from "./device-book.ts";

/** Everything that an operator looks at; nothing in it is of a person. */
export interface GatewayStatus {
  readonly site: string;
  /** Milliseconds since this gateway started. */
  readonly uptimeMs: number;
  readonly spool: SpoolStats & {
    /** Age of the oldest batch that the engine lacks; 0 when there is none. */
    readonly oldestUndeliveredMs: number;
  };
  readonly engine: DeliveryStatus;
  readonly devices: readonly DeviceView[];
  /** Alarms and broken rules since this gateway started, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** The same numbers for Prometheus (text exposition format 0.0.4). */
export function metricsText(status: GatewayStatus): string {
  const { spool, engine, devices } = status;
  const gauges: readonly (readonly [string, string, number])[] = [
    ["spool_batches", "Batches in the spool", spool.batches],
    ["spool_undelivered_batches", "Batches that the engine lacks", spool.undelivered],
    ["spool_oldest_undelivered_seconds", "Age of the oldest of them", spool.oldestUndeliveredMs / 1_000],
    ["engine_reachable", "Whether the engine answered last time", engine.engineReachable ? 1 : 0],
    ["engine_held_streams", "Streams that wait because the engine's answer was no good", engine.heldStreams],
    ["devices_connected", "Devices connected", devices.filter(({ connected }) => connected).length],
  ];
  const lines = gauges.flatMap(([name, help, value]) => [
    `# HELP bluepost_gateway_${name} ${help}`,
    `# TYPE bluepost_gateway_${name} gauge`,
    `bluepost_gateway_${name} ${value}`,
  ]);
  return `${[
    ...lines,
    ...counter("delivered_batches_total", "Batches that the engine took", { "": engine.deliveredBatches }),
    ...counter("quarantined_total", "Messages put aside", spool.quarantined, "reason"),
    ...counter("events_total", "Alarms and broken rules", status.counters, "event"),
  ].join("\n")}\n`;
}

function counter(name: string, help: string, values: Readonly<Record<string, number>>, label = ""): readonly string[] {
  const full = `bluepost_gateway_${name}`;
  const rows = Object.entries(values).map(([key, n]) => `${full}${label ? `{${label}="${key}"}` : ""} ${n}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} counter`, ...rows];
}
