import type { JSX } from "preact";
import { type Language, type TextKey, translate } from "../kit/i18n.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Phrase } from "./phrase.tsx";

const ACCEPTED: readonly { readonly icon: IconName; readonly text: TextKey }[] = [
  { icon: "card", text: "kiosk.accepted.card" },
  { icon: "citizen", text: "kiosk.accepted.citizen" },
  { icon: "insurance", text: "kiosk.accepted.insurance" },
  { icon: "phone", text: "kiosk.accepted.phone" },
];

/** What a visitor is to do: picture, sentence, and which codes the scanner takes. */
export function Hero({ language }: { readonly language: Language }): JSX.Element {
  return (
    <section class="hero">
      <Picture />
      <Phrase text="kiosk.instruction" language={language} class="instruction" />
      <p class="distance">{translate(language, "kiosk.distance")}</p>
      <ul class="accepted" aria-label={translate(language, "kiosk.accepted")}>
        {ACCEPTED.map(({ icon, text }) => (
          <li key={text}>
            <Icon name={icon} />
            {translate(language, text)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** In place of the instruction while no scanner answers: the other ways in. */
export function NoScanner({ language }: { readonly language: Language }): JSX.Element {
  return (
    <section class="hero">
      <div class="no-scanner">
        <Icon name="wrench" />
      </div>
      <Phrase text="kiosk.scannerMissing" language={language} class="instruction" />
      <p class="advice">{translate(language, "kiosk.scannerMissingHint")}</p>
    </section>
  );
}

/** A card and a phone above the scanner's window, and an arrow down to it. */
function Picture(): JSX.Element {
  return (
    <svg class="picture" viewBox="0 0 220 160" aria-hidden="true">
      <path class="beam" d="M52 132h116l-14-50H66z" />
      <g class="held">
        <rect class="paper" x="36" y="22" width="84" height="54" rx="7" />
        <path class="code" d="M46 32h14v14H46zM64 32h14v14H64zM46 50h14v14H46zM66 52h5v5h-5zM73 59h5v5h-5z" />
        <path class="line" d="M88 38h22M88 49h22M88 60h14" />
        <rect class="paper" x="138" y="6" width="42" height="72" rx="8" />
        <path class="code" d="M146 22h11v11h-11zM161 22h11v11h-11zM146 37h11v11h-11zM162 38h4v4h-4zM168 44h4v4h-4z" />
        <path class="line" d="M154 66h10" />
      </g>
      <path class="arrow" d="M110 88v26M98 103l12 12 12-12" />
      <rect class="scanner" x="30" y="134" width="160" height="22" rx="8" />
      <rect class="window" x="52" y="129" width="116" height="9" rx="4.5" />
    </svg>
  );
}
