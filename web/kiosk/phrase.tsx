import { Fragment, type JSX } from "preact";
import { type Language, otherLanguage, type TextKey, type TextValues, translate } from "../kit/i18n.ts";

interface PhraseProps {
  readonly text: TextKey;
  readonly values?: TextValues;
  readonly language: Language;
  readonly class: string;
}

/** One sentence in the chosen language, and small below it in the other one: a door does not know who comes next. */
export function Phrase({ text, values = {}, language, class: name }: PhraseProps): JSX.Element {
  const other = otherLanguage(language);
  return (
    <>
      <p class={name}>{clauses(translate(language, text, values))}</p>
      <p class={`${name}-other`} lang={other}>
        {clauses(translate(other, text, values))}
      </p>
    </>
  );
}

/** Lines break between sentences where they can: a break inside a Vietnamese word of two syllables is hard to read. */
function clauses(text: string): JSX.Element[] {
  return text.split(/(?<=[.!]) /).map((clause, at) => (
    <Fragment key={clause}>
      {at > 0 && " "}
      <span class="clause">{clause}</span>
    </Fragment>
  ));
}
