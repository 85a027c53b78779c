import { describe, expect, it } from "vitest";
import { fleetView } from "../../../../gateway/fleet/fleet-view.ts";
import type { RegisteredDevice } from "../../../../gateway/registry/site-registry.ts";
import type { DeviceView } from "../../../../gateway/status/device-book.ts";
import { parseDeviceId, parseVenueId } from "../../../../protocol/ids.ts";
import type { DeviceHealth } from "../../../../protocol/mqtt/messages.ts";
import type { WallMs } from "../../../../protocol/units.ts";
import { statusOf } from "../../../support/fleet.ts";

const nothing = {
  allDesired: async () => new Map(),
  allReported: async () => new Map(),
  lastCommands: async () => new Map(),
};

function kiosk(name: string, change: Partial<RegisteredDevice> = {}): RegisteredDevice {
  return {
    device: parseDeviceId(name),
    venue: parseVenueId("7k3m9q2x"),
    venueName: "Chợ",
    gate: 1,
    fingerprint: "",
    publicKey: null,
    addedAt: 0 as WallMs,
    revokedAt: null,
    ...change,
  } as RegisteredDevice;
}

function told(name: string, otherDoors?: DeviceHealth["otherDoors"]): DeviceView {
  const health: DeviceHealth = {
    ...{ version: "1", uptimeMs: 1, clock: { state: "ntp", uncertaintyMs: 1 }, diskFreeBytes: 1, scanner: true },
    ledger: { rows: 0, unsent: 0, oldestUnsentMs: 0 },
    counters: {},
    ...(otherDoors && { otherDoors }),
  };
  const [connected, status, clockOffsetMs] = [true, "online" as const, 0];
  return { device: parseDeviceId(name), connected, lastSeenAt: 1 as WallMs, status, health, clockOffsetMs };
}

describe("the fleet view", () => {
  it("counts the silence of a kiosk that did not come back from the gateway's start, of a new one from its enrolment", async () => {
    const view = await fleetView({
      status: statusOf({ uptimeMs: 3_600_000, devices: [told("door-a")] }),
      registered: [kiosk("door-a"), kiosk("door-b"), kiosk("door-c", { addedAt: 9_000_000 as WallMs })],
      store: nothing,
      events: [],
      nowMs: 10_000_000,
      diskFreeBytes: null,
      certificateEndsMs: null,
    });
    expect(view.kiosks.map(({ state, lastSeenMs, silentSinceMs }) => [state, lastSeenMs, silentSinceMs])).toEqual([
      ["online", 1, 1],
      ["never", null, 6_400_000],
      ["never", null, 9_000_000],
    ]);
  });

  it("says how many of its venue's other doors a kiosk has heard, without those that are revoked or elsewhere", async () => {
    const view = await fleetView({
      status: statusOf({
        devices: [told("door-a", { key: true, heard: 1 }), told("door-b"), told("door-x", { key: false, heard: 0 })],
      }),
      registered: [
        kiosk("door-a"),
        kiosk("door-b"),
        kiosk("door-c", { revokedAt: 1 as WallMs }),
        kiosk("door-d"),
        kiosk("door-x", { venue: parseVenueId("v0000001") }),
      ],
      store: nothing,
      events: [],
      nowMs: 1,
      diskFreeBytes: null,
      certificateEndsMs: null,
    });
    expect(view.kiosks.map(({ device, otherDoors }) => [device, otherDoors])).toEqual([
      ["door-a", { key: true, heard: 1, of: 2 }],
      ["door-b", null],
      ["door-c", null],
      ["door-d", null],
      ["door-x", { key: false, heard: 0, of: 0 }],
    ]);
  });
});
