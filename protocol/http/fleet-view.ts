import type { CommandName, CommandResult, RemoteSettings, Reported } from "../mqtt/fleet.ts";

/** One kiosk as the fleet page shows it. Nothing in it is of a visitor. Times: wall clock of the gateway, milliseconds. */
export interface FleetKiosk {
  readonly device: string;
  readonly venue: string;
  readonly venueName: string;
  readonly gate: number;
  /** `never`: it has a certificate and was not heard of since this gateway started. */
  readonly state: "online" | "offline" | "never" | "revoked";
  readonly lastSeenMs: number | null;
  /** Since when nothing was heard of it; the gateway's start, or its own enrolment after that, while it is `never`. */
  readonly silentSinceMs: number;
  readonly version: string | null;
  /** `offsetMs`: its clock minus the gateway's; null while it does not know the time. */
  readonly clock: { readonly state: string; readonly uncertaintyMs: number; readonly offsetMs: number | null } | null;
  readonly unsent: { readonly rows: number; readonly oldestMs: number } | null;
  readonly diskFreeBytes: number | null;
  readonly wear: { readonly writtenBytes: number; readonly usedPercent: number | null } | null;
  readonly scanner: boolean | null;
  /** Whether staff took it out of service; null while nothing is known. */
  readonly closedByStaff: boolean | null;
  /** Whether it has the key of its site, and how many of the venue's other kiosks it has heard; null while nothing is known. */
  readonly otherDoors: { readonly key: boolean; readonly heard: number; readonly of: number } | null;
  /** Null while nothing is known; `controller: "none"`: it has no radio. */
  readonly beacon: {
    readonly controller: "on" | "off" | "none";
    readonly neighbours: "heard" | "unknown";
  } | null;
  readonly certificateEndsMs: number | null;
  readonly settings: {
    /** Version and settings that it shall have; null: it was never told any. */
    readonly wanted: { readonly version: number; readonly settings: RemoteSettings } | null;
    readonly reported: Reported | null;
  };
  readonly lastCommand: {
    readonly name: CommandName;
    readonly atMs: number;
    /** `unanswered`: it never came to the kiosk, or its answer was lost. */
    readonly outcome: CommandResult["outcome"] | "waiting" | "unanswered";
  } | null;
}

/** Something that happened more or less often since the gateway started. */
export interface FleetEvent {
  /** Name of the event; `web/gateway` has a text and an advice for the known ones. */
  readonly event: string;
  readonly device: string | null;
  readonly isAlarm: boolean;
  readonly n: number;
  readonly lastMs: number;
}

/** Everything that the fleet page shows: server-sent event `fleet`, and GET /api/fleet. */
export interface FleetView {
  readonly site: string;
  readonly nowMs: number;
  readonly gateway: {
    readonly version: string;
    readonly uptimeMs: number;
    /** Null: not asked yet. */
    readonly engineReachable: boolean | null;
    readonly waitingBatches: number;
    readonly oldestWaitingMs: number;
    readonly diskFreeBytes: number | null;
    readonly certificateEndsMs: number | null;
  };
  readonly kiosks: readonly FleetKiosk[];
  readonly events: readonly FleetEvent[];
}

/** Name of the server-sent event of GET /api/events. */
export const FLEET_EVENT = "fleet";

/** Answer of POST /api/first-login. */
export interface FirstLoginAnswer {
  readonly ticket: string;
  /** `otpauth://` address for a QR code, and the secret to type. */
  readonly otpauth: string;
  readonly secret: string;
}

/** Answer of GET /api/session: who is logged in, and the token that every change must carry in {@link CSRF_HEADER}. */
export interface SessionAnswer {
  readonly operator: string;
  readonly csrf: string;
}

/** Answer of GET /api/session when nobody is logged in: whether an operator exists at all. */
export interface NoSessionAnswer {
  readonly operator: null;
  readonly hasOperators: boolean;
}

export const CSRF_HEADER = "x-bluepost-csrf";

/** Answer of POST /api/setup-code. The code is a secret while it lives: it is shown, never kept. */
export interface SetupCodeAnswer {
  readonly code: string;
  readonly expiresMs: number;
}

/** One line of GET /api/audit. */
export interface AuditAnswer {
  readonly atMs: number;
  readonly operator: string;
  readonly action: string;
  readonly device: string | null;
  readonly detail: string;
}
