import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { listen } from "../kit/events.ts";
import { type Language, translate } from "../kit/i18n.ts";
import { play } from "../kit/sounds.ts";
import { Idle } from "./idle.tsx";
import { CLICK, LOOKS } from "./looks.ts";
import { OutOfOrder } from "./out-of-order.tsx";
import { Result } from "./result.tsx";
import { useBurnInShift, useNightlyReload } from "./upkeep.ts";

/** The kiosk's screen: between answers the idle page, over it one answer at a time. */
export function App(): JSX.Element {
  const [state, setState] = useState<ScreenState | null>(null);
  const [result, setResult] = useState<ScreenResult | null>(null);
  const [connected, setConnected] = useState(false);
  const [chosen, setChosen] = useState<Language | null>(null);
  const [clicks, setClicks] = useState(0);
  const language = chosen ?? state?.language ?? "vi";

  useEffect(
    () =>
      listen("api/events", {
        connected: setConnected,
        on: {
          state: (data) => {
            setState(data as ScreenState);
            setResult((data as ScreenState).result);
          },
          result: (data) => {
            const next = data as ScreenResult;
            setResult(next);
            play(LOOKS[next.code].tones);
          },
          click: () => {
            setClicks((count) => count + 1);
            play(CLICK);
          },
        },
      }),
    [],
  );
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = translate(language, "kiosk.title");
  }, [language]);
  useEffect(() => {
    if (!result) return;
    const timer = window.setTimeout(
      () => setResult((shown) => (shown?.id === result.id ? null : shown)),
      result.holdMs,
    );
    return () => window.clearTimeout(timer);
  }, [result]);
  const shift = useBurnInShift();
  useNightlyReload(result === null);

  if (!state || !connected) return <Waiting language={language} />;
  return (
    <div class="screen" data-clicks={clicks} style={{ transform: `translate(${shift.x}px, ${shift.y}px)` }}>
      {state.mode === "idle" ? (
        <Idle state={state} language={language} onLanguage={() => setChosen(language === "vi" ? "en" : "vi")} />
      ) : (
        <OutOfOrder state={state} language={language} />
      )}
      {result && <Result result={result} state={state} language={language} />}
      <div key={clicks} class={clicks > 0 ? "flash" : ""} aria-hidden="true" />
    </div>
  );
}

function Waiting(props: { readonly language: Language }): JSX.Element {
  return (
    <main class="waiting">
      <p role="status">{translate(props.language, "kiosk.restarting")}</p>
    </main>
  );
}
