import { type Static, Type } from "@sinclair/typebox";
import { COMMANDS, type CommandName, type CommandResult, type RemoteSettings, type Reported } from "../mqtt/fleet.ts";

/** One kiosk as the fleet page shows it. Nothing in it is of a visitor. Times: wall clock of the gateway, milliseconds. */
export interface FleetKiosk {
  readonly device: string;
  readonly venue: string;
  readonly venueName: string;
  readonly gate: number;
  /** `never`: it has a certificate and was not heard of since this gateway started. */
  readonly state: "online" | "offline" | "never" | "revoked";
  readonly lastSeenMs: number | null;
  readonly version: string | null;
  /** `offsetMs`: its clock minus the gateway's; null while it does not know the time. */
  readonly clock: { readonly state: string; readonly uncertaintyMs: number; readonly offsetMs: number | null } | null;
  readonly unsent: { readonly rows: number; readonly oldestMs: number } | null;
  readonly diskFreeBytes: number | null;
  readonly wear: { readonly writtenBytes: number; readonly usedPercent: number | null } | null;
  readonly scanner: boolean | null;
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

/** Body of POST /api/kiosks/<device>/command. */
export const CommandRequest = Type.Object(
  { name: Type.Union(COMMANDS.map((name) => Type.Literal(name))) },
  { additionalProperties: false },
);
export type CommandRequest = Static<typeof CommandRequest>;

/** Name of an operator: 2 to 32 of a-z, 0-9, dot and dash. */
export const OperatorName = Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{1,31}$" });
const Password = Type.String({ minLength: 12, maxLength: 200 });
const Totp = Type.String({ pattern: "^[0-9]{6}$" });

/** Body of POST /api/login. */
export const LoginRequest = Type.Object(
  { name: OperatorName, password: Type.String({ maxLength: 200 }), totp: Totp },
  { additionalProperties: false },
);
export type LoginRequest = Static<typeof LoginRequest>;

/** Body of POST /api/first-login: the code from the gateway's console makes an operator. */
export const FirstLoginRequest = Type.Object(
  { code: Type.String({ maxLength: 40 }), name: OperatorName, password: Password },
  { additionalProperties: false },
);
export type FirstLoginRequest = Static<typeof FirstLoginRequest>;

/** Body of POST /api/first-login/confirm: shows that the authenticator app has the secret. */
export const ConfirmRequest = Type.Object(
  { ticket: Type.String({ pattern: "^[0-9a-f]{64}$" }), totp: Totp },
  { additionalProperties: false },
);
export type ConfirmRequest = Static<typeof ConfirmRequest>;

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
