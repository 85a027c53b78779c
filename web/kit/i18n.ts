import en from "../../protocol/locales/en.json" with { type: "json" };
import vi from "../../protocol/locales/vi.json" with { type: "json" };

export type Language = "vi" | "en";
/** Every text has a key in both catalogues; a missing one is a type error. */
export type TextKey = keyof typeof vi & keyof typeof en;
/** What stands for the `{names}` in a text. */
export type TextValues = Readonly<Record<string, string | number>>;

const CATALOGUES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { vi, en };

/** Looks a text up and fills in its `{names}`. */
export function translate(language: Language, key: TextKey, values: TextValues = {}): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The language that is shown small beside the chosen one. */
export function otherLanguage(language: Language): Language {
  return language === "vi" ? "en" : "vi";
}

const ZONE = "Asia/Ho_Chi_Minh";
const TIME = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: ZONE });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric", timeZone: ZONE });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: ZONE });

/** Hour and minute in Vietnam's time, 24 h. */
export function timeOfDay(ms: number): string {
  return TIME.format(ms);
}

/** Day in the way that the country writes it: dd/MM/yyyy. */
export function dateOf(ms: number): string {
  return DATE.format(ms);
}

/** Hour of the day in Vietnam, 0 to 23. */
export function hourOf(ms: number): number {
  return Number(HOUR.format(ms));
}
