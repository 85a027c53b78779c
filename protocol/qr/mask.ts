import type { MaskedIdentity } from "./reading.ts";

/** Hides the first 6 characters. Source: Decision 1405/QD-BTTTT of 2021, which asks for this on every screen. */
export function maskId(id: string): string {
  return [...id].map((character, at) => (at < 6 ? "*" : character)).join("");
}

/** Initials of the family and middle names, then the given name in capitals: `N. V. AN`. */
export function maskName(name: string): string | null {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const given = words.pop();
  if (given === undefined) return null;
  return [...words.map((word) => `${[...word][0]?.toUpperCase()}.`), given.toUpperCase()].join(" ");
}

/** First four digits in a row that can be a year of birth, or null. */
export function birthYearOf(text: string): number | null {
  const year = Number(/(?:19|20)\d\d/.exec(text)?.[0]);
  return Number.isInteger(year) ? year : null;
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
