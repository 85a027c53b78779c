import { type Static, Type } from "@sinclair/typebox";
import { CLAIM_REFUSALS } from "./enrolment.ts";
import { SelfTestView } from "./self-test.ts";

/** What the door tells a visitor. Colours, icons, sounds and wording: one entry each in web/kiosk and protocol/locales. */
export const RESULT_CODES = [
  "in_ok",
  "out_ok",
  "already",
  "unknown_qr",
  "poster",
  "expired",
  "need_declare",
  "full",
  "see_staff",
  "party_ok",
  "staff_ok",
  "fault",
] as const;
export type ResultCode = (typeof RESULT_CODES)[number];

/** What a member of staff has just done with a code. */
export const STAFF_NOTICES = ["muted", "sound_on", "closed", "opened", "all_out"] as const;
export type StaffNotice = (typeof STAFF_NOTICES)[number];

const Masked = Type.Object({
  id: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  birthYear: Type.Union([Type.Integer(), Type.Null()]),
});

/** One answer on the screen: sent as server-sent event `result` after the commit, kept until `holdMs` has passed or a new code comes. */
export const ScreenResult = Type.Object({
  /** Counts up from 1 within one run of the kiosk. */
  id: Type.Integer({ minimum: 1 }),
  code: Type.Union(RESULT_CODES.map((code) => Type.Literal(code))),
  /** The check-in is committed, but the gateway cannot be reached just now. */
  offline: Type.Boolean(),
  /** Wall clock, ms; for `already` the time of the earlier check-in. */
  atMs: Type.Integer(),
  /** Whether the kiosk knows the time; absent or false: `atMs` may be anything and is not shown. */
  timeKnown: Type.Optional(Type.Boolean()),
  holdMs: Type.Integer({ minimum: 0 }),
  masked: Type.Union([Masked, Type.Null()]),
  /** Unnamed people counted with this visitor. */
  party: Type.Integer({ minimum: 0, maximum: 9 }),
  /** Whether the visitor may still say how many unnamed people came along (POST /api/party with this id). */
  partyOpen: Type.Boolean(),
  /** How long after this answer the kiosk still takes that number, ms; longer than `holdMs`, so that there is time to press. */
  partyMs: Type.Integer({ minimum: 0 }),
  /** Extra line: a hint's key in the catalogue, or null. */
  hint: Type.Union([
    Type.Literal("scanner_layout"),
    Type.Literal("own_code"),
    ...STAFF_NOTICES.map((notice) => Type.Literal(notice)),
    Type.Null(),
  ]),
});
export type ScreenResult = Static<typeof ScreenResult>;

/**
 * Why a setup code did not make this kiosk a door: the gateway's reasons, and the kiosk's own.
 *
 * `not_setup`: another kind of code. `garbled`: read wrongly. `wrong_authority`: whoever answers there is not the gateway that the
 * code names. `clock`: this machine's clock is wrong and cannot be set.
 */
export const SETUP_REFUSALS = [
  ...CLAIM_REFUSALS,
  "not_setup",
  "garbled",
  "unreachable",
  "wrong_authority",
  "clock",
  "bad_answer",
] as const;
export type SetupRefusal = (typeof SETUP_REFUSALS)[number];

/** How far the set-up of a new kiosk has come; in mode `provision`. */
export const SetupProgress = Type.Object({
  /** Name that this kiosk gets when the code names none: tells boxes in a row apart. */
  device: Type.String(),
  step: Type.Union([Type.Literal("waiting"), Type.Literal("enrolling"), Type.Literal("done")]),
  /** Why the last code was refused; null before the first, and while the next is tried. */
  refusal: Type.Union([...SETUP_REFUSALS.map((reason) => Type.Literal(reason)), Type.Null()]),
});
export type SetupProgress = Static<typeof SetupProgress>;

/** How far a kiosk without papers has come with its Wi-Fi. It names no network. */
export const WifiProgress = Type.Object({
  /** `unavailable`: this machine has no Wi-Fi that could be set up. `authorized`: the button was pressed. */
  step: Type.Union([
    Type.Literal("unavailable"),
    Type.Literal("waiting"),
    Type.Literal("authorized"),
    Type.Literal("joining"),
    Type.Literal("joined"),
    Type.Literal("failed"),
  ]),
  /** How long the button still holds, seconds; 0 when it does not. */
  leftSeconds: Type.Integer({ minimum: 0, maximum: 60 }),
  /** Which ways are open. */
  bluetooth: Type.Boolean(),
  cable: Type.Boolean(),
});
export type WifiProgress = Static<typeof WifiProgress>;

/** Everything that the screen shows between results: server-sent event `state`, and GET /api/state. */
export const ScreenState = Type.Object({
  mode: Type.Union([Type.Literal("idle"), Type.Literal("out_of_order"), Type.Literal("provision")]),
  venue: Type.Object({ id: Type.String(), name: Type.String(), gate: Type.Integer() }),
  /** Text of the rotating venue QR, or null while there is none. */
  venueQr: Type.Union([Type.String(), Type.Null()]),
  capacity: Type.Object({
    inside: Type.Integer({ minimum: 0 }),
    max: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  }),
  uplink: Type.Object({ online: Type.Boolean(), unsent: Type.Integer({ minimum: 0 }) }),
  scanner: Type.Object({ present: Type.Boolean() }),
  clock: Type.Object({ nowMs: Type.Integer(), synced: Type.Boolean() }),
  language: Type.Union([Type.Literal("vi"), Type.Literal("en")]),
  hotline: Type.String(),
  /** Somebody looks for this machine among others: it shows and sounds that it is the one. */
  identify: Type.Optional(Type.Boolean()),
  /** Loudness of the sounds, percent; absent: 100. */
  volume: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  setup: Type.Optional(SetupProgress),
  wifi: Type.Optional(WifiProgress),
  /** The test that a technician asked for; null or absent: none is shown. */
  selfTest: Type.Optional(Type.Union([SelfTestView, Type.Null()])),
  result: Type.Union([ScreenResult, Type.Null()]),
});
export type ScreenState = Static<typeof ScreenState>;

/** Body of POST /api/party: the visitor on the screen says that `count` unnamed people came along. */
export const PartyRequest = Type.Object(
  { result: Type.Integer({ minimum: 1 }), count: Type.Integer({ minimum: 1, maximum: 9 }) },
  { additionalProperties: false },
);
export type PartyRequest = Static<typeof PartyRequest>;

/** Names of the server-sent events of GET /api/events. `click` comes with the last scanner byte, before anything is decided. */
export const SCREEN_EVENTS = { state: "state", click: "click", result: "result" } as const;
