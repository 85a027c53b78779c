import type { JSX } from "preact";

/** How much a fact matters: as it should be, worth a look, or wrong. Told by a sign and a word too, never by colour alone. */
export type Mood = "good" | "look" | "bad" | "plain";

/** One fact: what it is, how it stands. */
export interface Fact {
  readonly label: string;
  readonly text: string;
  readonly mood: Mood;
}

const SIGNS: Readonly<Record<Mood, string>> = { good: "", look: "▲ ", bad: "✖ ", plain: "" };

/** A list of facts. */
export function Facts(props: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {props.facts.map(({ label, text, mood }) => (
        <div key={label} class={mood}>
          <dt>{label}</dt>
          <dd>
            {SIGNS[mood]}
            {text}
          </dd>
        </div>
      ))}
    </dl>
  );
}
