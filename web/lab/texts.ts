import en from "../../protocol/locales/lab.en.json" with { type: "json" };
import vi from "../../protocol/locales/lab.vi.json" with { type: "json" };
import type { Language, TextValues } from "../kit/i18n.ts";

/** Every text has a key in both catalogues; a missing one is a type error. */
export type LabText = keyof typeof vi & keyof typeof en;
/** Looks a text up in the language of the page and fills in its `{names}`. */
export type Say = (key: LabText, values?: TextValues) => string;

const CATALOGUES: Readonly<Record<Language, Readonly<Record<LabText, string>>>> = { vi, en };

/** The texts of one language. */
export function texts(language: Language): Say {
  return (key, values = {}) =>
    CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of an answer on a kiosk's screen. */
export function answerText(say: Say, code: string): string {
  const key = `answer.${code}`;
  return say(key in vi ? (key as LabText) : "answer.other");
}
