import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { FleetKiosk, FleetView } from "../../protocol/http/fleet-view.ts";
import type { GatewayStatus } from "./status.ts";

/** What the metrics are read from, each time that somebody asks. */
export interface MetricsSource {
  readonly status: GatewayStatus;
  readonly view: FleetView;
}

/** Metrics of a gateway for Prometheus, ready to be scraped. */
export interface Metrics {
  readonly contentType: string;
  /** Every metric as it is now. No label names a person or a visitor; `device` is the name of a kiosk. */
  scrape(source: MetricsSource): Promise<string>;
}

const PREFIX = "bluepost_gateway_";
type Reading = (source: MetricsSource) => number | null;
type KioskReading = (kiosk: FleetKiosk, view: FleetView) => number | null;

const seconds = (ms: number | null | undefined): number | null => (ms === null || ms === undefined ? null : ms / 1_000);
const flag = (value: boolean | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

/** Gauges of the gateway itself. */
const GAUGES: Readonly<Record<string, readonly [help: string, read: Reading]>> = {
  uptime_seconds: ["Time since this gateway started", ({ status }) => seconds(status.uptimeMs)],
  spool_batches: ["Batches in the spool", ({ status }) => status.spool.batches],
  spool_undelivered_batches: ["Batches that the engine lacks", ({ status }) => status.spool.undelivered],
  spool_oldest_undelivered_seconds: [
    "Age of the oldest of them",
    ({ status }) => seconds(status.spool.oldestUndeliveredMs),
  ],
  engine_reachable: [
    "Whether the engine answered last time",
    ({ status }) => Number(status.engine.engineReachable ?? false),
  ],
  broker_connected: [
    "Whether the external broker is connected; absent when the gateway is its own",
    ({ status }) => (status.broker ? Number(status.broker.connected) : null),
  ],
  engine_held_streams: [
    "Streams that wait because the engine's answer was no good",
    ({ status }) => status.engine.heldStreams,
  ],
  devices_connected: ["Kiosks connected", ({ view }) => count(view, "online")],
  devices_registered: ["Kiosks that may connect", ({ view }) => view.kiosks.length - count(view, "revoked")],
  disk_free_bytes: ["Room left for the spool", ({ view }) => view.gateway.diskFreeBytes],
  certificate_ends_timestamp_seconds: [
    "When the gateway's certificate ends",
    ({ view }) => seconds(view.gateway.certificateEndsMs),
  ],
  site_certificate_ends_timestamp_seconds: [
    "When the site's certificate ends, by which kiosks are certified",
    ({ status }) => seconds(status.siteCertificateEndsMs),
  ],
};

/** Gauges of each kiosk that is not revoked; one that is not known is left out. */
const KIOSK_GAUGES: Readonly<Record<string, readonly [help: string, read: KioskReading]>> = {
  kiosk_connected: ["Whether the kiosk is connected", ({ state }) => Number(state === "online")],
  kiosk_silent_seconds: [
    "Time since the kiosk was last heard of; since the gateway's start for one that was not heard of since",
    ({ silentSinceMs }, { nowMs }) => Math.max(0, nowMs - silentSinceMs) / 1_000,
  ],
  kiosk_unsent_rows: ["Check-ins that the engine has not confirmed", ({ unsent }) => unsent?.rows ?? null],
  kiosk_oldest_unsent_seconds: ["Age of the oldest of them", ({ unsent }) => seconds(unsent?.oldestMs)],
  kiosk_disk_free_bytes: ["Room left on the kiosk's card", ({ diskFreeBytes }) => diskFreeBytes],
  kiosk_disk_written_bytes: ["Written to the kiosk's card since it started", ({ wear }) => wear?.writtenBytes ?? null],
  kiosk_disk_life_used_percent: ["Life of the card that is used up", ({ wear }) => wear?.usedPercent ?? null],
  kiosk_closed_by_staff: ["Whether staff took the kiosk out of service", ({ closedByStaff }) => flag(closedByStaff)],
  kiosk_scanner_present: ["Whether the kiosk has its scanner", ({ scanner }) => flag(scanner)],
  kiosk_clock_offset_seconds: ["Clock of the kiosk minus that of the gateway", ({ clock }) => seconds(clock?.offsetMs)],
  kiosk_clock_synced: [
    "Whether the kiosk knows the time",
    ({ clock }) => (clock ? Number(clock.state !== "unsynced") : null),
  ],
  kiosk_beacon_advertising: [
    "Whether the radio's controller says that it advertises",
    ({ beacon }) => (beacon === null || beacon.controller === "none" ? null : Number(beacon.controller === "on")),
  ],
  kiosk_has_site_key: [
    "Whether the kiosk has the key that the doors of its site share",
    ({ otherDoors }) => flag(otherDoors?.key ?? null),
  ],
  kiosk_other_doors_heard: [
    "Other doors of its venue that the kiosk has heard of",
    ({ otherDoors }) => otherDoors?.heard ?? null,
  ],
  kiosk_certificate_ends_timestamp_seconds: [
    "When the kiosk's certificate ends",
    ({ certificateEndsMs }) => seconds(certificateEndsMs),
  ],
  kiosk_settings_refused: [
    "Whether the kiosk went back from the settings that it shall have",
    ({ settings }) =>
      settings.wanted ? Number(settings.reported?.refused?.version === settings.wanted.version) : null,
  ],
};

/** Makes the metrics, among them event-loop lag, memory and garbage collection of this process. */
export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const gauges = Object.entries(GAUGES).map(([name, [help, read]]) => {
    const gauge = new Gauge({ name: `${PREFIX}${name}`, help, registers: [register] });
    return (source: MetricsSource): void => {
      const value = read(source);
      if (value === null)
        gauge.remove(); // a gauge without labels is born as 0, which would be a false alarm
      else gauge.set(value);
    };
  });
  const kiosks = Object.entries(KIOSK_GAUGES).map(([name, [help, read]]) => {
    const gauge = new Gauge({ name: `${PREFIX}${name}`, help, labelNames: ["device"], registers: [register] });
    return ({ view }: MetricsSource): void => {
      gauge.reset();
      for (const kiosk of view.kiosks) {
        const value = kiosk.state === "revoked" ? null : read(kiosk, view);
        if (value !== null) gauge.set({ device: kiosk.device }, value);
      }
    };
  });
  const totals = createTotals(register);
  return {
    contentType: register.contentType,
    scrape(source) {
      for (const set of [...gauges, ...kiosks]) set(source);
      totals(source.status);
      return register.metrics();
    },
  };
}

/** Counters are kept where things happen; here they only get their totals. */
function createTotals(register: Registry): (status: GatewayStatus) => void {
  const make = (name: string, help: string, label: string): Counter =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames: label ? [label] : [], registers: [register] });
  const delivered = make("delivered_batches_total", "Batches that the engine took", "");
  const quarantined = make("quarantined_total", "Messages put aside", "reason");
  const events = make(
    "events_total",
    "Alarms and broken rules, by name: forks, refused clients, revoked sessions",
    "event",
  );
  return ({ engine, spool, counters }) => {
    for (const counter of [delivered, quarantined, events]) counter.reset();
    delivered.inc(engine.deliveredBatches);
    for (const [reason, n] of Object.entries(spool.quarantined)) quarantined.inc({ reason }, n);
    for (const [event, n] of Object.entries(counters)) events.inc({ event }, n);
  };
}

function count(view: FleetView, state: FleetKiosk["state"]): number {
  return view.kiosks.filter((kiosk) => kiosk.state === state).length;
}

/** Names of every metric of ours, for alert rules and their test. */
export const METRIC_NAMES: readonly string[] = [
  ...Object.keys(GAUGES),
  ...Object.keys(KIOSK_GAUGES),
  "delivered_batches_total",
  "quarantined_total",
  "events_total",
].map((name) => `${PREFIX}${name}`);
