import { Type } from "@sinclair/typebox";

/** How well a text is known: seen in an official document, told by others, or from memory or our own. Shown wherever the text is. */
export const STRENGTHS = ["official", "reported", "unverified"] as const;
export const Strength = Type.Union(STRENGTHS.map((name) => Type.Literal(name)));

/** A text in both languages of the product. */
export const BothLanguages = Type.Object(
  { vi: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
);
