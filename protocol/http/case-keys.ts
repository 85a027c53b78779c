import { type Static, Type } from "@sinclair/typebox";

/** Path of the upload of a case's keys: POST, body {@link CaseKeyUpload}, answer {@link CaseKeyAnswers}. */
export const CASE_KEYS_PATH = "/v1/case-keys";
/** Most keys of one upload: three schemes over 21 days. */
export const CASE_KEYS_MAX = 64;

const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-fA-F]{${2 * bytes}}$` });

/** A GAEN key of the phone (TEK), with the intervals of ten minutes since 1970 that it covers. */
export const GaenKeyItem = Type.Object(
  {
    scheme: Type.Literal("gaen"),
    key: Hex(16),
    rollingStart: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
    rollingPeriod: Type.Integer({ minimum: 1, maximum: 144 }),
    /** Whether other phones may be told of this key. */
    publish: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Bluezone's daily key of one UTC day. Never the base id: it gives every day of the phone, past and future. */
export const BluezoneKeyItem = Type.Object(
  {
    scheme: Type.Literal("bluezone"),
    dailyKey: Hex(32),
    /** UTC date, `2026-11-16`. */
    day: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
    publish: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** The seed of the case's own token; counts for the infectious window only. */
export const TokenSeedItem = Type.Object(
  { scheme: Type.Literal("token"), seed: Hex(16) },
  { additionalProperties: false },
);

/** A code that the case's phone scanned from a kiosk's screen: the whole text, and when. */
export const PlaceItem = Type.Object(
  {
    scheme: Type.Literal("place"),
    code: Type.String({ minLength: 32, maxLength: 512 }),
    /** Milliseconds since 1970, by the phone's clock. */
    at: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  },
  { additionalProperties: false },
);

export const CaseKeyItem = Type.Union([GaenKeyItem, BluezoneKeyItem, TokenSeedItem, PlaceItem]);
export type CaseKeyItem = Static<typeof CaseKeyItem>;

/** Items are checked one by one, so that one bad item never costs the others. */
export const CaseKeyUpload = Type.Object(
  {
    /** The one-time code that the officer gave. */
    code: Type.String({ minLength: 8, maxLength: 16 }),
    items: Type.Array(Type.Unknown(), { minItems: 1, maxItems: CASE_KEYS_MAX }),
  },
  { additionalProperties: false },
);
export type CaseKeyUpload = Static<typeof CaseKeyUpload>;

/** Why an item was not taken. */
export const CASE_KEY_PROBLEMS = {
  unknown_scheme: "The scheme is none of gaen, bluezone, token and place",
  malformed_item: "The item has not the fields of its scheme",
  base_id: "The base id gives every day of the phone: hand in daily keys of the days in question only",
  outside_window: "The key belongs to no day in which the case may have infected others",
  in_future: "The key begins later than now",
  unknown_place: "No kiosk that reports here showed this code; it may do so later, if it was offline",
  not_live: "The code was not on a screen at that time",
  published:
    "The key of that place and day is published, so that anybody can make such a claim: tell the officer instead",
} as const;
export type CaseKeyProblem = keyof typeof CASE_KEY_PROBLEMS;

/** What became of one item. */
export const CaseKeyAnswer = Type.Object({
  verdict: Type.Union([Type.Literal("stored"), Type.Literal("duplicate"), Type.Literal("refused")]),
  problem: Type.Optional(
    Type.Object({
      code: Type.Union(Object.keys(CASE_KEY_PROBLEMS).map((code) => Type.Literal(code as CaseKeyProblem))),
      title: Type.String(),
    }),
  ),
});
export type CaseKeyAnswer = Static<typeof CaseKeyAnswer>;

/** One answer an item, in the order of the request. */
export const CaseKeyAnswers = Type.Object({ results: Type.Array(CaseKeyAnswer, { maxItems: CASE_KEYS_MAX }) });
export type CaseKeyAnswers = Static<typeof CaseKeyAnswers>;
