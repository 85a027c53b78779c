import en from "../../protocol/locales/fleet.en.json" with { type: "json" };
import vi from "../../protocol/locales/fleet.vi.json" with { type: "json" };
import type { Language, TextValues } from "../kit/i18n.ts";

/** Every text has a key in both catalogues; a missing one is a type error. */
export type FleetText = keyof typeof vi & keyof typeof en;
/** Looks a text up in the language of the page and fills in its `{names}`. */
export type Say = (key: FleetText, values?: TextValues) => string;

const CATALOGUES: Readonly<Record<Language, Readonly<Record<FleetText, string>>>> = { vi, en };

/** The texts of one language. */
export function texts(language: Language): Say {
  return (key, values = {}) =>
    CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether there is a text of this key; for keys that are built from what the gateway says. */
export function isText(key: string): key is FleetText {
  return key in vi;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A length of time in one unit, rounded down. */
export function age(say: Say, ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 2 * MINUTE) return say("age.seconds", { n: seconds });
  if (seconds < 2 * HOUR) return say("age.minutes", { n: Math.floor(seconds / MINUTE) });
  if (seconds < 2 * DAY) return say("age.hours", { n: Math.floor(seconds / HOUR) });
  return say("age.days", { n: Math.floor(seconds / DAY) });
}

/** Bytes in the unit that people buy cards by. */
export function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${Math.round(bytes / 1e6)} MB`;
}

/** A day and time of the country, short. */
export function moment(language: Language, ms: number): string {
  const format = { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  const locale = language === "vi" ? "vi-VN" : "en-GB";
  return new Intl.DateTimeFormat(locale, { ...format, timeZone: "Asia/Ho_Chi_Minh" }).format(ms);
}
