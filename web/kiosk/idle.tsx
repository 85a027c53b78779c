import type { JSX } from "preact";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { dateOf, type Language, otherLanguage, timeOfDay, translate } from "../kit/i18n.ts";
import { QrCode } from "../kit/qr-code.tsx";
import { Hero, NoScanner } from "./hero.tsx";
import { Icon } from "./icons.tsx";

export interface IdleProps {
  readonly state: ScreenState;
  readonly language: Language;
  /** The kiosk's time now, milliseconds. */
  readonly nowMs: number;
  readonly onLanguage: () => void;
}

/** What stands at the door between visitors. */
export function Idle({ state, language, nowMs, onLanguage }: IdleProps): JSX.Element {
  const say = translate.bind(null, language);
  return (
    <div class="idle">
      <header>
        <div class="venue">
          <h1 lang="vi">{state.venue.name}</h1>
          <Capacity state={state} language={language} />
        </div>
        <p class="clock">
          {state.clock.synced ? (
            <>
              <strong>{timeOfDay(nowMs)}</strong>
              <span>{dateOf(nowMs)}</span>
            </>
          ) : (
            <span>{say("kiosk.clockUnsynced")}</span>
          )}
        </p>
      </header>
      <div class="notices" role="status">
        {!state.uplink.online && (
          <p class="offline">
            <Icon name="cloudOff" />
            {say("kiosk.offline", { unsent: state.uplink.unsent })}
          </p>
        )}
      </div>
      <main class={state.venueQr === null ? "alone" : "pair"}>
        {state.scanner.present ? <Hero language={language} /> : <NoScanner language={language} />}
        {state.venueQr !== null && (
          <section class="venue-qr">
            <QrCode text={state.venueQr} label={say("kiosk.venueQr")} />
            <p class="caption">
              <Icon name="phone" />
              {say("kiosk.venueQrUse")}
            </p>
          </section>
        )}
      </main>
      <footer>
        <p>
          <span>{say("kiosk.help")}</span>
          <span class="hotline">{say("kiosk.hotline", { hotline: state.hotline })}</span>
        </p>
        <button type="button" class="language" lang={otherLanguage(language)} onClick={onLanguage}>
          <Icon name="globe" />
          {say("kiosk.language")}
        </button>
      </footer>
    </div>
  );
}

function Capacity({ state, language }: Pick<IdleProps, "state" | "language">): JSX.Element {
  const { inside, max } = state.capacity;
  const text = translate(language, max === null ? "kiosk.insideOpen" : "kiosk.inside", { inside, max: max ?? "" });
  return (
    <p class={max !== null && inside >= max ? "capacity capacity-full" : "capacity"}>
      <Icon name="people" />
      <span>{text}</span>
      {max !== null && (
        <span class="gauge" aria-hidden="true">
          <span style={{ width: `${Math.min(100, (100 * inside) / max)}%` }} />
        </span>
      )}
    </p>
  );
}
