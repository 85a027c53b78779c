import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type Language, type TextKey, timeOfDay, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";
import { LOOKS } from "./looks.ts";

interface ResultProps {
  readonly result: ScreenResult;
  readonly state: ScreenState;
  readonly language: Language;
}

const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** One answer, over the whole screen: colour, icon, one sentence. */
export function Result({ result, state, language }: ResultProps): JSX.Element {
  const look = LOOKS[result.code];
  const values = { time: timeOfDay(result.atMs), count: result.party, max: state.capacity.max ?? "" };
  const say = (key: TextKey): string => translate(language, key, values);
  const good = result.code === "in_ok" || result.code === "out_ok";
  return (
    <div
      class="result"
      role={good ? "status" : "alert"}
      data-code={result.code}
      style={{ background: look.ground, color: look.ink }}
    >
      <Icon name={look.icon} />
      <p class="sentence">{say(`kiosk.result.${result.code}`)}</p>
      {result.offline && (
        <p class="saved">
          <Icon name="cloud" />
          {say("kiosk.result.offline_ok")}
        </p>
      )}
      {result.hint && <p class="hint">{say(`kiosk.hint.${result.hint}`)}</p>}
      {result.party > 0 && good && <p class="party-shown">{say("kiosk.party.shown")}</p>}
      <Holder result={result} />
      {good && (
        <p class="when">
          {timeOfDay(result.atMs)} · {state.venue.name}
        </p>
      )}
      {result.partyOpen && <Party result={result} language={language} />}
    </div>
  );
}

function Holder({ result }: { readonly result: ScreenResult }): JSX.Element | null {
  if (!result.masked) return null;
  const { id, name, birthYear } = result.masked;
  const parts = [name, birthYear, id].filter((part) => part !== null);
  return parts.length > 0 ? <p class="holder">{parts.join(" · ")}</p> : null;
}

function Party({ result, language }: { readonly result: ScreenResult; readonly language: Language }): JSX.Element {
  const [sent, setSent] = useState(false);
  const choose = (count: number): void => {
    setSent(true);
    const body = JSON.stringify({ result: result.id, count });
    // A refusal means that the time is over: the next answer is on the screen already.
    fetch("api/party", { method: "POST", headers: { "content-type": "application/json" }, body }).catch(() =>
      setSent(false),
    );
  };
  return (
    <fieldset class="party" disabled={sent}>
      <legend>{translate(language, "kiosk.party.question")}</legend>
      <div>
        {COUNTS.map((count) => (
          <button
            key={count}
            type="button"
            onClick={() => choose(count)}
            aria-label={`${count} ${translate(language, "kiosk.party.unit")}`}
          >
            {count}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
