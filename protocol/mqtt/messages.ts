import { type Static, Type } from "@sinclair/typebox";

/** Retained on `state`; the last will says `offline`. */
export const DeviceState = Type.Object(
  {
    status: Type.Union([Type.Literal("online"), Type.Literal("offline")]),
    boot: Type.Optional(Type.String({ pattern: "^[0-9a-f]{8}$" })),
    atMs: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);
export type DeviceState = Static<typeof DeviceState>;

/** On `health`, about once a minute: counts and states only, never anything of a person. */
export const DeviceHealth = Type.Object({
  version: Type.String({ maxLength: 32 }),
  uptimeMs: Type.Integer({ minimum: 0 }),
  clock: Type.Object({ state: Type.String({ maxLength: 16 }), uncertaintyMs: Type.Integer({ minimum: 0 }) }),
  ledger: Type.Object({
    rows: Type.Integer({ minimum: 0 }),
    unsent: Type.Integer({ minimum: 0 }),
    oldestUnsentMs: Type.Integer({ minimum: 0 }),
  }),
  diskFreeBytes: Type.Integer({ minimum: 0 }),
  scanner: Type.Boolean(),
  /** A member of staff took this door out of service with a code; absent: it is in service. */
  closedByStaff: Type.Optional(Type.Boolean()),
  /** What this door has of the other doors of its venue. */
  otherDoors: Type.Optional(
    Type.Object({
      /** Whether it has the key of the site; without it no door can tell it anything. */
      key: Type.Boolean(),
      /** How many it has heard of since it started. */
      heard: Type.Integer({ minimum: 0 }),
    }),
  ),
  /** Wall clock of the kiosk as it sends this, milliseconds: by it the gateway sees how far off that clock is. */
  atMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** When the kiosk's certificate ends, wall clock, milliseconds. */
  certificateEndsMs: Type.Optional(Type.Integer({ minimum: 0 })),
  wear: Type.Optional(
    Type.Object({
      /** Bytes written to the card or disk since the machine started. */
      writtenBytes: Type.Integer({ minimum: 0 }),
      /** Share of its life that the card says is used up, percent in steps of ten; null when it does not say. */
      usedPercent: Type.Union([Type.Integer({ minimum: 0, maximum: 110 }), Type.Null()]),
    }),
  ),
  beacon: Type.Optional(
    Type.Object({
      /** What the radio's controller says about its own advertising. */
      controller: Type.Union([Type.Literal("on"), Type.Literal("off"), Type.Literal("none")]),
      /** Whether a neighbour has heard it lately; nobody near is no fault. */
      neighbours: Type.Union([Type.Literal("heard"), Type.Literal("unknown")]),
    }),
  ),
  counters: Type.Record(Type.String({ maxLength: 48 }), Type.Integer({ minimum: 0 })),
});
export type DeviceHealth = Static<typeof DeviceHealth>;

/** On `time-request`, QoS 0: asks the gateway for signed time. */
export const TimeRequest = Type.Object(
  { nonce: Type.String({ pattern: "^[0-9a-f]{32}$" }) },
  { additionalProperties: false },
);
export type TimeRequest = Static<typeof TimeRequest>;

/** User name of CONNECT: the boot id, so that a broker can tell a reconnect from a copied card. */
export function connectUserName(boot: string): string {
  return `boot:${boot}`;
}

/** Largest packet that a broker accepts from a kiosk: one batch with its certificates, bytes. */
export const MAX_PACKET_BYTES = 131_072;
