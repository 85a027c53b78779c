import type { GatewayStatus } from "../../gateway/app.ts";
import type { FleetKiosk, FleetView } from "../../protocol/http/fleet-view.ts";
import type { SiteId } from "../../protocol/ids.ts";

/** Nine in the morning in Vietnam, 16 November 2026. */
export const FLEET_NOW_MS: number = Date.UTC(2026, 10, 16, 2);
const DAY_MS = 86_400_000;

/** A kiosk with all well. */
export function fleetKiosk(change: Partial<FleetKiosk> = {}): FleetKiosk {
  return {
    device: "door-1",
    venue: "7k3m9q2x",
    venueName: "Chợ Dương Đông",
    gate: 1,
    state: "online",
    lastSeenMs: FLEET_NOW_MS - 12_000,
    silentSinceMs: FLEET_NOW_MS - 12_000,
    version: "0.1.0",
    clock: { state: "gateway", uncertaintyMs: 250, offsetMs: -120 },
    unsent: { rows: 0, oldestMs: 0 },
    diskFreeBytes: 11_400_000_000,
    wear: { writtenBytes: 320_000_000, usedPercent: 10 },
    scanner: true,
    closedByStaff: false,
    otherDoors: { key: true, heard: 1, of: 1 },
    beacon: { controller: "on", neighbours: "heard" },
    certificateEndsMs: FLEET_NOW_MS + 71 * DAY_MS,
    settings: {
      wanted: null,
      reported: { version: 0, state: "settled", settings: { profile: "entrance", capacity: 120 } },
    },
    lastCommand: null,
    ...change,
  };
}

/** A site with all well. */
export function fleetOf(change: Partial<FleetView> = {}): FleetView {
  return {
    site: "phu-quoc",
    nowMs: FLEET_NOW_MS,
    gateway: {
      version: "0.1.0",
      uptimeMs: 5 * DAY_MS,
      engineReachable: true,
      waitingBatches: 0,
      oldestWaitingMs: 0,
      diskFreeBytes: 42_000_000_000,
      certificateEndsMs: FLEET_NOW_MS + 80 * DAY_MS,
    },
    kiosks: [],
    events: [],
    ...change,
  };
}

/** The status of a gateway that has just started. */
export function statusOf(change: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    site: "phu-quoc" as SiteId,
    version: "0.1.0",
    uptimeMs: 5 * DAY_MS,
    spool: {
      batches: 3,
      undelivered: 0,
      oldestUndeliveredAt: null,
      streams: 1,
      quarantined: {},
      oldestUndeliveredMs: 0,
    },
    engine: { engineReachable: true, deliveredBatches: 7, heldStreams: 0 } as GatewayStatus["engine"],
    siteCertificateEndsMs: FLEET_NOW_MS + 800 * DAY_MS,
    devices: [],
    counters: {},
    ...change,
  };
}
