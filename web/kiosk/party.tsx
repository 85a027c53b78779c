import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Language, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";

/** A visitor who may still say how many people without a card came along. */
export interface PartyOffer {
  /** Id of the answer that the number belongs to. */
  readonly result: number;
  /** How long the offer stands, milliseconds. */
  readonly openMs: number;
}

interface PartyProps {
  readonly offer: PartyOffer;
  readonly language: Language;
  /** The visitor waved it away, or the kiosk says that it is too late. */
  readonly onClose: () => void;
}

const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** Asks for the number of companions, along the lower edge: over the answer at first, then over the idle page. */
export function Party({ offer, language, onClose }: PartyProps): JSX.Element {
  const [sending, setSending] = useState(false);
  const choose = (count: number): void => {
    setSending(true);
    sendParty({ result: offer.result, count }).then(
      (taken) => {
        if (!taken) onClose(); // else the next answer takes this page's place
      },
      () => setSending(false), // the kiosk restarts: the visitor may press again
    );
  };
  return (
    <section class="party" aria-labelledby="party-question">
      <p id="party-question">{translate(language, "kiosk.party.question")}</p>
      <div class="party-counts">
        {COUNTS.map((count) => (
          <button
            key={count}
            type="button"
            disabled={sending}
            onClick={() => choose(count)}
            aria-label={translate(language, "kiosk.party.unit", { count })}
          >
            {count}
          </button>
        ))}
        <button
          type="button"
          class="party-none"
          disabled={sending}
          onClick={onClose}
          aria-label={translate(language, "kiosk.party.none")}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="party-time" style={{ animationDuration: `${offer.openMs}ms` }} aria-hidden="true" />
    </section>
  );
}

async function sendParty(request: { readonly result: number; readonly count: number }): Promise<boolean> {
  const { ok } = await fetch("api/party", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return ok;
}
