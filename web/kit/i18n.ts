import en from "../../protocol/locales/en.json" with { type: "json" };
import vi from "../../protocol/locales/vi.json" with { type: "json" };

export type Language = "vi" | "en";
/** Every text has a key in both catalogues; a missing one is a type error. */
export type TextKey = keyof typeof vi & keyof typeof en;

const CATALOGUES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { vi, en };

/** Looks a text up and fills in its `{names}`. */
export function translate(
  language: Language,
  key: TextKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Hour and minute in Vietnam's time, 24 h. */
export function timeOfDay(ms: number): string {
  return new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" }).format(
    ms,
  );
}

/** Day in the way that the country writes it: dd/MM/yyyy. */
export function dateOf(ms: number): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeZone: "Asia/Ho_Chi_Minh" }).format(ms);
}
