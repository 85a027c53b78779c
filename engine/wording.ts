import { Type } from "@sinclair/typebox";

/** How well a text is known: seen in an official document, told by others, or from memory or our own. Shown wherever the text is. */
export const Strength = Type.Union([Type.Literal("official"), Type.Literal("reported"), Type.Literal("unverified")]);

/** A text in both languages of the product. */
export const BothLanguages = Type.Object(
  { vi: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
);
