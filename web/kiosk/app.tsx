import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type Language, otherLanguage, translate } from "../kit/i18n.ts";
import { Idle, type IdleProps } from "./idle.tsx";
import { LOOKS } from "./looks.ts";
import { OutOfOrder } from "./out-of-order.tsx";
import { Party } from "./party.tsx";
import { Result } from "./result.tsx";
import { request, SelfTest } from "./self-test.tsx";
import { SetUp } from "./set-up.tsx";
import { TechnicianCorner } from "./technician-corner.tsx";
import { isNight, useBurnInShift, useNightlyReload, useNow } from "./upkeep.ts";
import { type Screen, useScreen } from "./use-screen.ts";

/** A visitor's language goes back to the venue's when nobody has come for this long. */
const LANGUAGE_BACK_MS = 60_000;

/** The kiosk's screen: between answers the idle page, over it one answer at a time. */
export function App(): JSX.Element {
  const screen = useScreen("api/events");
  const [language, chooseLanguage] = useLanguage(screen);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = translate(language, "kiosk.title");
  }, [language]);
  if (!screen.state) return <Waiting language={language} />;
  return <Door screen={screen} state={screen.state} language={language} onLanguage={chooseLanguage} />;
}

interface DoorProps {
  readonly screen: Screen;
  readonly state: ScreenState;
  readonly language: Language;
  readonly onLanguage: (language: Language) => void;
}

function Door({ screen, state, language, onLanguage }: DoorProps): JSX.Element {
  const { result, offer, flashes } = screen;
  const shift = useBurnInShift();
  const now = useNow(state.clock);
  const answer = result && <Result key={result.id} result={result} state={state} language={language} />;
  const quiet = result === null && offer === null && !state.selfTest;
  useNightlyReload(quiet, now.hour);
  return (
    <div class="screen" data-flashes={flashes} style={{ transform: `translate(${shift.x}px, ${shift.y}px)` }}>
      <div class="below" inert={result !== null}>
        {state.selfTest ? (
          <SelfTest test={state.selfTest} state={state} language={language} />
        ) : (
          <Standing
            state={state}
            language={language}
            nowMs={now.ms}
            onLanguage={() => onLanguage(otherLanguage(language))}
          />
        )}
      </div>
      <div role="status">{result && !LOOKS[result.code].urgent && answer}</div>
      <div role="alert">{result && LOOKS[result.code].urgent && answer}</div>
      {state.identify && (
        <p class="identify" role="alert">
          {translate(language, "kiosk.identify")}
        </p>
      )}
      {offer && <Party key={offer.result} offer={offer} language={language} onClose={screen.closeOffer} />}
      <div key={flashes} class={flashes > 0 ? "flash" : ""} aria-hidden="true" />
      {quiet && isNight(now.hour) && <div class="night" aria-hidden="true" />}
    </div>
  );
}

/** What stands at the door when nobody is answered and nothing is tested. */
function Standing(props: IdleProps): JSX.Element {
  const { state, language } = props;
  if (state.mode === "provision") return <SetUp state={state} language={language} />;
  return (
    <>
      {state.mode === "idle" ? <Idle {...props} /> : <OutOfOrder state={state} language={language} />}
      <TechnicianCorner label={translate(language, "kiosk.test.open")} onHeld={() => request(true)} />
    </>
  );
}

function Waiting(props: { readonly language: Language }): JSX.Element {
  return (
    <main class="waiting">
      <div class="dots" aria-hidden="true" />
      <p role="status">{translate(props.language, "kiosk.restarting")}</p>
    </main>
  );
}

function useLanguage({ state, flashes }: Screen): readonly [Language, (language: Language) => void] {
  const [chosen, setChosen] = useState<Language | null>(null);
  useEffect(() => {
    if (chosen === null) return;
    const timer = window.setTimeout(() => setChosen(null), LANGUAGE_BACK_MS);
    return () => window.clearTimeout(timer);
  }, [chosen, flashes]);
  return [chosen ?? state?.language ?? "vi", setChosen];
}
