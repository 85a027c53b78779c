import { type Static, Type } from "@sinclair/typebox";
import { MalformedError } from "../../protocol/errors.ts";
import { parseData } from "../data-files.ts";
import { BothLanguages, Strength } from "../wording.ts";

/** From best to worst. */
export const COLOURS = ["green", "yellow", "red"] as const;
export type Colour = (typeof COLOURS)[number];

const exact = { additionalProperties: false } as const;

const Item = Type.Object(
  {
    id: Type.String({ pattern: "^[0-9]{1,2}(\\.[0-9]{1,2})?$" }),
    phase: Type.Union([Type.Literal("before"), Type.Literal("during"), Type.Literal("after")]),
    text: BothLanguages,
    isMandatory: Type.Boolean(),
    strength: Strength,
  },
  exact,
);

/** A rating holds when so many items pass and, where it says so, every mandatory one. They are tried in order; the last always holds. */
const Rating = Type.Object(
  {
    level: Type.String({ pattern: "^[a-z_]{2,32}$" }),
    colour: Type.Union(COLOURS.map((colour) => Type.Literal(colour))),
    minPassed: Type.Integer({ minimum: 0 }),
    needsMandatory: Type.Boolean(),
    text: BothLanguages,
  },
  exact,
);

/** A check list as data: a file of engine/facilities/lists. An item passes or it does not; it passes only when every part of it does. */
export const CheckList = Type.Object(
  {
    version: Type.Literal(1),
    id: Type.String({ pattern: "^[a-z0-9-]{2,32}$" }),
    /** `full`: the whole list, renewed each month. `daily`: the short one of each morning. */
    kind: Type.Union([Type.Literal("full"), Type.Literal("daily")]),
    /** Types of venue that it is for (engine/visits/default-stays.json); none: for all. */
    for: Type.Array(Type.String()),
    title: BothLanguages,
    source: Type.String({ minLength: 1 }),
    strength: Strength,
    items: Type.Array(Item, { minItems: 1 }),
    ratings: Type.Array(Rating, { minItems: 1 }),
  },
  exact,
);
export type CheckList = Static<typeof CheckList>;
export type Rating = Static<typeof Rating>;

/** @throws {MalformedError} PROTO_MALFORMED when the text is no check list or contradicts itself */
export function parseCheckList(text: string): CheckList {
  const list = parseData(CheckList, text, "a check list");
  const { id, items, ratings } = list;
  if (new Set(items.map((item) => item.id)).size < items.length)
    throw new MalformedError("an item numbered twice", { list: id });
  const last = ratings.at(-1);
  if (!last || last.minPassed > 0 || last.needsMandatory)
    throw new MalformedError("a check list whose last rating does not always hold", { list: id });
  if (ratings.some(({ minPassed }) => minPassed > items.length))
    throw new MalformedError("a rating that asks for more items than there are", { list: id });
  return list;
}

/** What a check came to. */
export interface CheckResult {
  readonly rating: Rating;
  readonly passed: number;
  /** Ids of the items that did not pass, in the list's order, the mandatory ones apart. */
  readonly failed: readonly string[];
  readonly failedMandatory: readonly string[];
}

/**
 * Rates a check by the list's own rule. A share of all items says nothing: a school that lacks one mandatory item is not safe.
 *
 * @throws {MalformedError} PROTO_MALFORMED when an item is not of this list
 */
export function rateCheck({ id, items, ratings }: CheckList, failed: ReadonlySet<string>): CheckResult {
  if ([...failed].some((one) => !items.some((item) => item.id === one)))
    throw new MalformedError("not an item of this list", { list: id });
  const out = items.filter((item) => failed.has(item.id));
  const mandatory = out.filter(({ isMandatory }) => isMandatory);
  const passed = items.length - out.length;
  const rating = ratings.find(
    ({ minPassed, needsMandatory }) => passed >= minPassed && !(needsMandatory && mandatory.length > 0),
  );
  if (!rating) throw new TypeError("the last rating always holds"); // parseCheckList has made sure
  return { rating, passed, failed: out.map((item) => item.id), failedMandatory: mandatory.map((item) => item.id) };
}
