import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { FleetView } from "../../protocol/http/fleet-view.ts";
import { type Language, otherLanguage } from "../kit/i18n.ts";
import { change } from "./api.ts";
import { Audit } from "./audit.tsx";
import { Events } from "./events.tsx";
import { GatewayFacts } from "./gateway-facts.tsx";
import { KioskCard } from "./kiosk-card.tsx";
import { Login } from "./login.tsx";
import { SetupCode } from "./setup-code.tsx";
import { type Say, texts } from "./texts.ts";
import { useFleet, useLogin, useNow } from "./use-fleet.ts";

/** The gateway's fleet page: who is alive, what needs a look, and what can be done about it. */
export function App(): JSX.Element {
  const [language, setLanguage] = useState<Language>(navigator.language.startsWith("en") ? "en" : "vi");
  const say = useMemo(() => texts(language), [language]);
  const [login, askLogin] = useLogin();
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = say("titlePlain");
  }, [language, say]);
  const leave = (): void => void change("api/logout", {}).then(askLogin, askLogin);
  return (
    <>
      <header class="bar">
        <p class="brand">Bluepost</p>
        <button type="button" onClick={() => setLanguage(otherLanguage(language))} lang={otherLanguage(language)}>
          {say("language")}
        </button>
        {login.kind === "in" && (
          <button type="button" onClick={leave}>
            {say("logout")} ({login.operator})
          </button>
        )}
      </header>
      {login.kind === "asking" && <Waiting text={say("loading")} />}
      {login.kind === "unreachable" && <Waiting text={say("offline")} />}
      {login.kind === "out" && <Login say={say} hasOperators={login.hasOperators} onLogin={askLogin} />}
      {login.kind === "in" && <FleetPage say={say} language={language} onLost={askLogin} />}
    </>
  );
}

function Waiting(props: { readonly text: string }): JSX.Element {
  return (
    <main class="login">
      <p role="status">{props.text}</p>
    </main>
  );
}

interface FleetPageProps {
  readonly say: Say;
  readonly language: Language;
  readonly onLost: () => void;
}

function FleetPage({ say, language, onLost }: FleetPageProps): JSX.Element {
  const { view, online } = useFleet(onLost);
  const nowMs = useNow(view);
  if (!view) return <Waiting text={say(online ? "loading" : "offline")} />;
  return (
    <main class="fleet">
      <div role="alert">{!online && <p class="lost">{say("offline")}</p>}</div>
      <h1>{say("title", { site: view.site })}</h1>
      <Events say={say} events={view.events} nowMs={nowMs} />
      <Kiosks say={say} view={view} nowMs={nowMs} disabled={!online} />
      <GatewayFacts say={say} view={view} nowMs={nowMs} />
      <Audit say={say} language={language} />
    </main>
  );
}

interface KiosksProps {
  readonly say: Say;
  readonly view: FleetView;
  readonly nowMs: number;
  readonly disabled: boolean;
}

function Kiosks({ say, view, nowMs, disabled }: KiosksProps): JSX.Element {
  const live = view.kiosks.filter(({ state }) => state !== "revoked");
  const online = live.filter(({ state }) => state === "online").length;
  return (
    <section aria-labelledby="kiosks">
      <div class="head">
        <h2 id="kiosks">{say("kiosks.title")}</h2>
        <p>{live.length > 0 && say("kiosks.count", { online, all: live.length })}</p>
        <SetupCode say={say} kiosks={view.kiosks} nowMs={nowMs} disabled={disabled} />
      </div>
      {view.kiosks.length === 0 && (
        <div class="empty panel">
          <p>{say("kiosks.none")}</p>
          <p>{say("kiosks.noneHint")}</p>
        </div>
      )}
      <ul class="cards">
        {view.kiosks.map((kiosk) => (
          <li key={kiosk.device}>
            <KioskCard say={say} kiosk={kiosk} nowMs={nowMs} disabled={disabled} />
          </li>
        ))}
      </ul>
    </section>
  );
}
