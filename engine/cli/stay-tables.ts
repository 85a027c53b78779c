import type { Contact } from "../app.ts";
import { localTime, shortKey, table } from "./table.ts";
import type { Texts } from "./texts.ts";

/** A titled table; one word instead of it when there are no rows. */
export function section(
  texts: Texts,
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  return [
    `${title}: ${rows.length === 0 ? texts.none : rows.length}`,
    ...(rows.length === 0 ? [] : table(head, rows)),
    "",
  ];
}

/** The cells of one stay, for `visitHead`. */
export function stayCells(one: Contact, texts: Texts): (string | number)[] {
  const end = (known: Contact["start"] | Contact["end"]): string =>
    known.reason === "explicit" ? texts.evidence[known.evidence] : texts.reasons[known.reason];
  return [
    one.venueName ?? one.venue,
    one.gates.join("+") || "-",
    one.timeUnknown ? texts.timeUnknown : localTime(one.from),
    localTime(one.to),
    one.minutesCertain,
    one.minutesPossible ?? "?",
    end(one.start),
    end(one.end),
    one.party === 0 ? "" : `+${one.party}`,
  ];
}

/** What contradicts the stays above; nothing at all where nothing does. */
export function conflictLines(stays: readonly Contact[], texts: Texts): readonly string[] {
  const told = stays.flatMap((one) =>
    one.conflicts.map(({ venue, venueName, from, to }) => [
      shortKey(one.person),
      one.venueName ?? one.venue,
      venueName ?? venue,
      localTime(from),
      localTime(to),
    ]),
  );
  if (told.length === 0) return [];
  const rows = [...new Map(told.map((row) => [row.join(), row])).values()]; // a stay is listed once for each visit that it was beside
  return [...section(texts, texts.conflicts, texts.conflictHead, rows), texts.conflictNote];
}
