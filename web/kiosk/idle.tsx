import type { JSX } from "preact";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { dateOf, type Language, timeOfDay, translate } from "../kit/i18n.ts";
import { QrCode } from "../kit/qr-code.tsx";
import { Icon } from "./icons.tsx";
import { useNow } from "./upkeep.ts";

interface IdleProps {
  readonly state: ScreenState;
  readonly language: Language;
  readonly onLanguage: () => void;
}

/** What stands at the door between visitors. */
export function Idle({ state, language, onLanguage }: IdleProps): JSX.Element {
  const say = translate.bind(null, language);
  const { inside, max } = state.capacity;
  return (
    <div class="idle">
      <header>
        <div class="venue">
          <h1>{state.venue.name}</h1>
          <p class="capacity">
            {max === null ? say("kiosk.insideOpen", { inside }) : say("kiosk.inside", { inside, max })}
          </p>
        </div>
        <Clock state={state} language={language} />
      </header>
      <main>
        <section class="ask">
          <div class="pictogram">
            <Icon name="card" />
            <span class="arrow" aria-hidden="true">
              ↓
            </span>
          </div>
          <p class="instruction">{say("kiosk.instruction")}</p>
          <p class="accepted">{say("kiosk.accepted")}</p>
          <p class="distance">{say("kiosk.distance")}</p>
        </section>
        {state.venueQr !== null && (
          <section class="venue-qr">
            <QrCode text={state.venueQr} label={say("kiosk.venueQr")} />
            <p>{say("kiosk.venueQr")}</p>
          </section>
        )}
      </main>
      <Notices state={state} language={language} />
      <footer>
        <p>
          {say("kiosk.help")} · {say("kiosk.hotline", { hotline: state.hotline })}
        </p>
        <button type="button" class="language" lang={language === "vi" ? "en" : "vi"} onClick={onLanguage}>
          {say("kiosk.language")}
        </button>
      </footer>
    </div>
  );
}

function Clock({ state, language }: Omit<IdleProps, "onLanguage">): JSX.Element {
  const now = useNow(state.clock.nowMs);
  if (!state.clock.synced) return <p class="clock">{translate(language, "kiosk.clockUnsynced")}</p>;
  return (
    <p class="clock">
      <strong>{timeOfDay(now)}</strong>
      <span>{dateOf(now)}</span>
    </p>
  );
}

function Notices({ state, language }: Omit<IdleProps, "onLanguage">): JSX.Element {
  return (
    <div class="notices" role="status">
      {!state.uplink.online && (
        <p class="notice offline">
          <Icon name="cloud" />
          {translate(language, "kiosk.offline", { unsent: state.uplink.unsent })}
        </p>
      )}
      {!state.scanner.present && (
        <p class="notice broken">
          <Icon name="wrench" />
          {translate(language, "kiosk.scannerMissing")}
        </p>
      )}
    </div>
  );
}
