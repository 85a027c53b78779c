import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import type { RemoteSettings } from "../../protocol/mqtt/fleet.ts";
import { HOUR_MS, SECOND_MS } from "../../protocol/units.ts";
import { type AdmissionPolicy, DEFAULT_POLICY } from "../admission/policy.ts";
import type { KioskConfig } from "../config.ts";
import type { DeviceBundle } from "./bundle.ts";

/** The door's rules as the configuration sets them. */
export function policyOf({ door }: KioskConfig): AdmissionPolicy {
  return {
    ...DEFAULT_POLICY,
    profile: door.profile,
    minimumDwellMs: door.minimumDwellSeconds * SECOND_MS,
    maximumStayMs: door.maximumStayHours * HOUR_MS,
    capacity: door.capacity === 0 ? null : door.capacity,
  };
}

/** What the screen shows before the first news. */
export function screenStateOf(config: KioskConfig, bundle: DeviceBundle): Omit<ScreenState, "result"> {
  return {
    mode: "idle",
    venue: { id: bundle.venue, name: bundle.venueName, gate: bundle.gate },
    venueQr: null,
    capacity: { inside: 0, max: config.door.capacity === 0 ? null : config.door.capacity },
    uplink: { online: false, unsent: 0 },
    scanner: { present: false },
    clock: { nowMs: Date.now(), synced: false },
    language: config.screen.language,
    hotline: config.screen.hotline,
  };
}

/** What the screen of a kiosk without papers shows. */
export function setUpStateOf(config: KioskConfig): Omit<ScreenState, "result"> {
  return {
    mode: "provision",
    venue: { id: "", name: "", gate: 0 },
    venueQr: null,
    capacity: { inside: 0, max: null },
    uplink: { online: false, unsent: 0 },
    scanner: { present: false },
    clock: { nowMs: Date.now(), synced: false },
    language: config.screen.language,
    hotline: config.screen.hotline,
  };
}

/** What the kiosk's own configuration says about everything that may also be set from afar. */
export function localSettingsOf({ door, screen, indicator }: KioskConfig): RemoteSettings {
  return {
    profile: door.profile,
    capacity: door.capacity,
    minimumDwellSeconds: door.minimumDwellSeconds,
    maximumStayHours: door.maximumStayHours,
    language: screen.language,
    hotline: screen.hotline,
    volume: screen.volume,
    gatePulseMs: indicator.gatePulseMs,
  };
}
