import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LAB_EVENT, type LabView } from "../../protocol/http/lab.ts";
import { listen } from "../kit/events.ts";
import type { Language } from "../kit/i18n.ts";
import { KioskPanel } from "./kiosk-panel.tsx";
import { Plan } from "./plan.tsx";
import { type Say, texts } from "./texts.ts";

/** The lab page: a plan to watch, and a panel of switches for each kiosk. */
export function App(): JSX.Element {
  const [language, setLanguage] = useState<Language>(navigator.language.startsWith("vi") ? "vi" : "en");
  const [view, setView] = useState<LabView | null>(null);
  const [online, setOnline] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const say = texts(language);
  useEffect(
    () => listen("api/events", { connected: setOnline, on: { [LAB_EVENT]: (now) => setView(now as LabView) } }),
    [],
  );
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = texts(language)("title");
  }, [language]);
  return (
    <main>
      <header class="head">
        <div>
          <h1>{say("title")}</h1>
          <p>{say("intro")}</p>
        </div>
        <button
          type="button"
          class="act"
          lang={language === "vi" ? "en" : "vi"}
          onClick={() => setLanguage(language === "vi" ? "en" : "vi")}
        >
          {say("language")}
        </button>
      </header>
      {!online && (
        <p class="banner" role="alert">
          {say("lost_contact")}
        </p>
      )}
      {problem !== null && (
        <p class="banner" role="alert">
          {say("failed", { why: problem })}
        </p>
      )}
      {view === null ? <p class="banner">{say("waiting")}</p> : <Town view={view} say={say} failed={setProblem} />}
    </main>
  );
}

function Town(props: {
  readonly view: LabView;
  readonly say: Say;
  readonly failed: (why: string | null) => void;
}): JSX.Element {
  const { view, say, failed } = props;
  return (
    <>
      <Totals view={view} say={say} />
      <div class="town">
        <Plan view={view} say={say} />
        <div class="panels">
          {view.kiosks.map((kiosk) => (
            <KioskPanel key={kiosk.device} kiosk={kiosk} say={say} failed={failed} />
          ))}
        </div>
      </div>
    </>
  );
}

function Totals({ view, say }: { readonly view: LabView; readonly say: Say }): JSX.Element {
  const sum = (of: (kiosk: LabView["kiosks"][number]) => number): number =>
    view.kiosks.reduce((total, kiosk) => total + of(kiosk), 0);
  const [confirmed, stored] = [sum((kiosk) => kiosk.confirmed), sum((kiosk) => kiosk.stored)];
  const [lost, duplicated] = [sum((kiosk) => kiosk.lost), sum((kiosk) => kiosk.duplicated)];
  const underWay = confirmed - stored - lost;
  const isWell = lost === 0 && duplicated === 0;
  return (
    <dl class="totals">
      <div>
        <dt>{say("confirmed")}</dt>
        <dd>{confirmed}</dd>
      </div>
      <div>
        <dt>{say("stored")}</dt>
        <dd>{stored}</dd>
      </div>
      <div class={underWay === 0 ? "" : "waits"}>
        <dt>{say("under_way")}</dt>
        <dd>{underWay}</dd>
      </div>
      <div class={isWell ? "good" : "bad"}>
        <dt>{say("verdict")}</dt>
        <dd>
          {isWell && say("none_lost")}
          <div role="alert">
            {lost > 0 && <p>{say("lost", { n: lost })}</p>}
            {duplicated > 0 && <p>{say("duplicated", { n: duplicated })}</p>}
          </div>
        </dd>
      </div>
    </dl>
  );
}
