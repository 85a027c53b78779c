import type { QrFormatReader } from "./format.ts";
import type { QrFormat } from "./reading.ts";

const POSTERS: readonly (readonly [pattern: RegExp, format: QrFormat])[] = [
  [/^NZCOVIDTRACER:[A-Za-z0-9+/]{16,}={0,2}$/, "nz-covid-tracer"],
  [/^https:\/\/e\.coronawarn\.app\/?\?v=1#[A-Za-z0-9_-]{16,}$/i, "corona-warn-app"],
  [/^https:\/\/tac\.gouv\.fr\/?\?v=0#[A-Za-z0-9_-]{140,}$/i, "clea"],
  [/^https?:\/\/[a-z0-9.-]{0,80}(?:tokhaiyte\.vn|pccovid\.gov\.vn)(?:[/?#]|$)/i, "vn-declaration-url"],
];

/** Codes that hang on a wall: recognised, so that the screen can say "please show your own code". */
export const posters: QrFormatReader = {
  owns: (text) => POSTERS.some(([pattern]) => pattern.test(text)),
  read(text) {
    const format = POSTERS.find(([pattern]) => pattern.test(text))?.[1];
    return format ? { kind: "poster", format } : { kind: "unknown", reason: "unrecognised" };
  },
};

/** A bare number from 1 to 9: so many unnamed people come along. */
export const partySize: QrFormatReader = {
  owns: (text) => /^[1-9]$/.test(text),
  read: (text) => ({ kind: "party", count: Number(text) }),
};
