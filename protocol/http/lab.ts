import { type Static, Type } from "@sinclair/typebox";

/** Everything of a kiosk that a person can break on the lab page. */
export const LAB_SWITCHES = ["power", "network", "scanner", "clock", "radio"] as const;
export type LabSwitch = (typeof LAB_SWITCHES)[number];

/** A room or a person's place, metres from the upper left corner of the plan. */
export interface LabRoom {
  readonly venue: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly depth: number;
}

/** Somebody on the plan. */
export interface LabPerson {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** `asks`: stands at a door and has shown a code. */
  readonly doing: "walks" | "asks" | "stays";
}

/** One kiosk of the lab, as its hardware and its screen are now. */
export interface LabKiosk {
  readonly device: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Address of the real screen's page. */
  readonly screenUrl: string;
  /** Switches, on or off. `clock` off: an hour fast. */
  readonly switches: Readonly<Record<LabSwitch, boolean>>;
  /** Its adapter advertises: what the air knows, not what the kiosk says. */
  readonly isBeacon: boolean;
  /** It has power and is on its way up. */
  readonly isStarting: boolean;
  readonly lamps: Readonly<Record<"green" | "amber" | "red" | "buzzer" | "relay", boolean>>;
  /** Code of the answer on its screen; null when it shows none or is dark. */
  readonly answer: string | null;
  /** Rows that it has not sent yet, as its screen says; null while it is dark. */
  readonly unsent: number | null;
  /** Check-ins and check-outs that its screen confirmed, and those of them that the authority's engine holds. */
  readonly confirmed: number;
  readonly stored: number;
  /** Confirmed rows that are neither on the kiosk nor at the engine, well after they should be there. */
  readonly lost: number;
  /** Rows that the engine holds more often than they happened. */
  readonly duplicated: number;
  /** People who stood before it and got no answer. */
  readonly turnedAway: number;
}

/** The lab as it is now: server-sent event `lab`, five times a second. */
export interface LabView {
  readonly nowMs: number;
  readonly width: number;
  readonly depth: number;
  readonly rooms: readonly LabRoom[];
  readonly people: readonly LabPerson[];
  readonly kiosks: readonly LabKiosk[];
}

/** Name of the server-sent event of GET /api/events. */
export const LAB_EVENT = "lab";

const Device = Type.String({ minLength: 1, maxLength: 32 });

/** Body of POST /api/switch. */
export const SwitchRequest = Type.Object(
  { device: Device, what: Type.Union(LAB_SWITCHES.map((what) => Type.Literal(what))), on: Type.Boolean() },
  { additionalProperties: false },
);
export type SwitchRequest = Static<typeof SwitchRequest>;

/** Body of POST /api/visit: somebody goes to this door at once. */
export const VisitRequest = Type.Object({ device: Device }, { additionalProperties: false });
export type VisitRequest = Static<typeof VisitRequest>;
