import type { JSX } from "preact";
import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type Language, type TextKey, timeOfDay, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";
import { LOOKS } from "./looks.ts";
import { Phrase } from "./phrase.tsx";

interface ResultProps {
  readonly result: ScreenResult;
  readonly state: ScreenState;
  readonly language: Language;
}

/** One answer, over the whole screen: colour, icon, one sentence. */
export function Result({ result, state, language }: ResultProps): JSX.Element {
  const look = LOOKS[result.code];
  const time = result.timeKnown ? timeOfDay(result.atMs) : null;
  const values = { time: time ?? "", count: result.party, max: state.capacity.max ?? "" };
  const say = (key: TextKey): string => translate(language, key, values);
  const passed = look.way !== undefined;
  return (
    <div class="result" data-code={result.code} style={{ "--look-ground": look.ground, "--look-ink": look.ink }}>
      <div class="sign">
        <div class="disc">
          <Icon name={look.icon} />
        </div>
        {look.way && (
          <div class="way">
            <Icon name={look.way} />
          </div>
        )}
      </div>
      <Phrase text={sentenceOf(result)} values={values} language={language} class="sentence" />
      <Holder result={result} />
      {result.party > 0 && passed && <Extra icon="people" text={say("kiosk.party.shown")} />}
      {result.offline && <Extra icon="cloudOff" text={say("kiosk.result.offline_ok")} />}
      {result.hint && <p class="hint">{say(`kiosk.hint.${result.hint}`)}</p>}
      {passed && (
        <p class="when">
          {time !== null && `${time} · `}
          <span lang="vi">{state.venue.name}</span>
        </p>
      )}
    </div>
  );
}

function sentenceOf({ code, timeKnown }: ScreenResult): TextKey {
  return code === "already" && !timeKnown ? "kiosk.result.alreadyUntimed" : `kiosk.result.${code}`;
}

function Extra(props: { readonly icon: "people" | "cloudOff"; readonly text: string }): JSX.Element {
  return (
    <p class="extra">
      <Icon name={props.icon} />
      {props.text}
    </p>
  );
}

/** Who it was, masked as the rule for national apps asks: the first characters of the number hidden, the year of birth only. */
function Holder({ result }: { readonly result: ScreenResult }): JSX.Element | null {
  if (!result.masked) return null;
  const { id, name, birthYear } = result.masked;
  const parts = [name, birthYear, id].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return (
    <p class="holder" lang="vi">
      {parts.map((part) => (
        <span key={part}>{part}</span>
      ))}
    </p>
  );
}
