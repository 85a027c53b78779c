import type { MaskedIdentity } from "./reading.ts";

/** Hides the first 6 characters. Source: Decision 1405/QD-BTTTT of 2021, which asks for this on every screen. */
export function maskId(id: string): string {
  return [...id].map((character, at) => (at < 6 ? "*" : character)).join("");
}

/** Longer names exist, but not on a screen: initials kept, and characters of the given name. */
const MOST_INITIALS = 6;
const MOST_LETTERS = 24;

/** Initials of the family and middle names, then the given name in capitals: `N. V. AN`; null when there is none. */
export function maskName(name: string): string | null {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const given = words.pop();
  if (given === undefined) return null;
  const initials = words.slice(0, MOST_INITIALS).map((word) => `${[...word][0]?.toUpperCase()}.`);
  return [...initials, [...given].slice(0, MOST_LETTERS).join("").toUpperCase()].join(" ");
}

const YEAR_FIRST = /^(\d{4})(?:[-/.]|$)/;
const YEAR_LAST = /^(?:\d{4}|[\d*]{1,2}[-/.][\d*]{1,2}[-/.])(\d{4})$/;

/** Year of a birth date in any of the documents' forms (`1987-01-18`, `1987`, `18011987`, `18/1/1987`), or null. */
export function birthYearOf(text: string): number | null {
  const year = Number((YEAR_FIRST.exec(text) ?? YEAR_LAST.exec(text))?.[1]);
  return year >= 1900 && year < 2100 ? year : null;
}

/** What a screen may show of a document's holder. */
export function maskedIdentity(fields: {
  readonly id: string | null;
  readonly name: string;
  readonly birth: string;
}): MaskedIdentity {
  return {
    id: fields.id === null ? null : maskId(fields.id),
    name: maskName(fields.name),
    birthYear: birthYearOf(fields.birth),
  };
}
