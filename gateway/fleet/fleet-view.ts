import type { FleetKiosk, FleetView } from "../../protocol/http/fleet-view.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { RegisteredDevice } from "../registry/site-registry.ts";
import type { RecentEvent } from "../status/counters.ts";
import type { DeviceView } from "../status/device-book.ts";
import type { GatewayStatus } from "../status/status.ts";
import type { CommandEntry, FleetStore } from "./fleet-store.ts";

export interface FleetViewParts {
  readonly status: GatewayStatus;
  readonly registered: readonly RegisteredDevice[];
  readonly store: Pick<FleetStore, "allDesired" | "allReported" | "lastCommands">;
  readonly events: readonly RecentEvent[];
  readonly nowMs: number;
  readonly diskFreeBytes: number | null;
  readonly certificateEndsMs: number | null;
}

/** Puts together what the fleet page shows. */
export async function fleetView(parts: FleetViewParts): Promise<FleetView> {
  const { status, store, nowMs } = parts;
  const { spool, engine } = status;
  const heard = new Map(status.devices.map((device) => [device.device, device]));
  const orders = {
    desired: await store.allDesired(),
    reported: await store.allReported(),
    commands: await store.lastCommands(),
  };
  return {
    site: status.site,
    nowMs,
    gateway: {
      version: status.version,
      uptimeMs: status.uptimeMs,
      engineReachable: engine.engineReachable,
      waitingBatches: spool.undelivered,
      oldestWaitingMs: spool.oldestUndeliveredMs,
      diskFreeBytes: parts.diskFreeBytes,
      certificateEndsMs: parts.certificateEndsMs,
    },
    kiosks: parts.registered.map((device) => ({
      ...placeOf(device, heard.get(device.device), nowMs - status.uptimeMs),
      ...healthOf(heard.get(device.device)),
      otherDoors: doorsOf(device, parts.registered, heard.get(device.device)),
      ...ordersOf(device.device, orders, nowMs),
    })),
    events: parts.events.map(({ event, device, isAlarm, n, lastMs }) => ({ event, device, isAlarm, n, lastMs })),
  };
}

type Place = Pick<FleetKiosk, "device" | "venue" | "venueName" | "gate" | "state" | "lastSeenMs" | "silentSinceMs">;

function placeOf(device: RegisteredDevice, heard: DeviceView | undefined, startedMs: number): Place {
  const alive = heard?.connected ? "online" : heard?.lastSeenAt ? "offline" : "never";
  return {
    device: device.device,
    venue: device.venue,
    venueName: device.venueName,
    gate: device.gate,
    state: device.revokedAt === null ? alive : "revoked",
    lastSeenMs: heard?.lastSeenAt ?? null,
    silentSinceMs: heard?.lastSeenAt ?? Math.max(startedMs, device.addedAt),
  };
}

/** `of`: kiosks of the same venue that are not revoked. */
function doorsOf(
  device: RegisteredDevice,
  all: readonly RegisteredDevice[],
  view: DeviceView | undefined,
): FleetKiosk["otherDoors"] {
  const told = view?.health?.otherDoors;
  if (!told) return null;
  const others = all.filter((one) => one.venue === device.venue && one.revokedAt === null && one !== device);
  return { ...told, of: others.length };
}

type Told = Omit<FleetKiosk, keyof Place | "otherDoors" | "settings" | "lastCommand">;

function healthOf(heard: DeviceView | undefined): Told {
  const health = heard?.health;
  if (!health) {
    const unknown = { version: null, clock: null, unsent: null, diskFreeBytes: null, wear: null };
    return { ...unknown, scanner: null, closedByStaff: null, beacon: null, certificateEndsMs: null };
  }
  return {
    version: health.version,
    clock: { ...health.clock, offsetMs: heard.clockOffsetMs },
    unsent: { rows: health.ledger.unsent, oldestMs: health.ledger.oldestUnsentMs },
    diskFreeBytes: health.diskFreeBytes,
    wear: health.wear ?? null,
    scanner: health.scanner,
    closedByStaff: health.closedByStaff ?? false,
    beacon: health.beacon ?? null,
    certificateEndsMs: health.certificateEndsMs ?? null,
  };
}

function ordersOf(
  device: DeviceId,
  orders: {
    readonly desired: Awaited<ReturnType<FleetStore["allDesired"]>>;
    readonly reported: Awaited<ReturnType<FleetStore["allReported"]>>;
    readonly commands: Awaited<ReturnType<FleetStore["lastCommands"]>>;
  },
  nowMs: number,
): Pick<FleetKiosk, "settings" | "lastCommand"> {
  const command = orders.commands.get(device);
  return {
    settings: {
      wanted: orders.desired.get(device) ?? null,
      reported: orders.reported.get(device)?.message ?? null,
    },
    lastCommand: command ? { name: command.name, atMs: command.atMs, outcome: outcomeOf(command, nowMs) } : null,
  };
}

function outcomeOf(
  { outcome, expiresMs }: CommandEntry,
  nowMs: number,
): NonNullable<FleetKiosk["lastCommand"]>["outcome"] {
  return outcome ?? (nowMs > expiresMs ? "unanswered" : "waiting");
}
