import type { HeardVisit, TokenContact } from "../app.ts";
import { localTime, shortKey } from "./table.ts";
import type { Texts } from "./texts.ts";

/** A line of the table of places where the case's keys were heard. */
export function heardCells(one: HeardVisit, texts: Texts): (string | number)[] {
  return [
    one.venueName ?? one.venue,
    one.gate,
    one.timeUnknown ? texts.timeUnknown : localTime(one.from),
    localTime(one.to),
    one.minutes,
    one.n,
    one.rssiMax,
    one.rssiMean,
    one.txPower ?? "?",
    one.schemes.join("+"),
  ];
}

/** A line of the table of tokens that were heard beside the case. */
export function tokenCells(one: TokenContact, texts: Texts): (string | number)[] {
  return [
    one.person === null ? texts.unnamedToken : shortKey(one.person),
    one.venueName ?? one.venue,
    one.gate,
    localTime(one.from),
    localTime(one.to),
    one.minutesCertain,
    one.minutesPossible,
    one.n,
    one.rssiMax,
    one.rssiMean,
    texts.beside[one.beside],
  ];
}
