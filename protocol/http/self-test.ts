import { type Static, Type } from "@sinclair/typebox";

/** What a kiosk looks at when it tests itself, in the order of the page. */
export const SELF_CHECKS = ["scanner", "light", "sound", "beacon", "disk", "clock", "gateway"] as const;
export type SelfCheck = (typeof SELF_CHECKS)[number];

/** `ok`, `bad`: the machine knows. `look`: a person must see or hear it. `none`: this kiosk has no such thing. */
export type SelfTestOutcome = "ok" | "bad" | "look" | "none";

/**
 * Everything that a check may find, and how it counts. Wording and remedies: `kiosk.test.CODE` and `kiosk.test.CODE.fix` in
 * protocol/locales; each code that is not `ok` has a remedy.
 */
export const SELF_TEST_CODES = {
  scanner_ready: "ok",
  scanner_read: "ok",
  scanner_missing: "bad",
  light_look: "look",
  light_none: "none",
  sound_listen: "look",
  sound_off: "none",
  beacon_on: "ok",
  beacon_heard: "ok",
  beacon_off: "bad",
  beacon_none: "none",
  disk_ok: "ok",
  disk_slow: "bad",
  disk_full: "bad",
  disk_failed: "bad",
  clock_ok: "ok",
  clock_alone: "ok",
  clock_unset: "bad",
  gateway_ok: "ok",
  gateway_slow: "bad",
  gateway_offline: "bad",
  gateway_silent: "bad",
} as const satisfies Readonly<Record<string, SelfTestOutcome>>;
export type SelfTestCode = keyof typeof SELF_TEST_CODES;

const CODES = Object.keys(SELF_TEST_CODES) as SelfTestCode[];

/** One finding. `values` fill the text: milliseconds and megabytes, whole numbers. */
export const SelfTestLine = Type.Object({
  check: Type.Union(SELF_CHECKS.map((check) => Type.Literal(check))),
  code: Type.Union(CODES.map((code) => Type.Literal(code))),
  values: Type.Record(Type.String(), Type.Integer()),
});
export type SelfTestLine = Static<typeof SelfTestLine>;

/** A test that is on the screen; checks without a line are still under way. */
export const SelfTestView = Type.Object({
  /** Counts up from 1 within one run of the kiosk: a new number asks the page for a new sound. */
  run: Type.Integer({ minimum: 1 }),
  lines: Type.Array(SelfTestLine, { maxItems: SELF_CHECKS.length }),
});
export type SelfTestView = Static<typeof SelfTestView>;

/** Body of POST /api/self-test: begins a test, also while one is shown, or takes it from the screen. */
export const SelfTestRequest = Type.Object({ open: Type.Boolean() }, { additionalProperties: false });
export type SelfTestRequest = Static<typeof SelfTestRequest>;
