import type { JSX } from "preact";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type Language, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";
import { Phrase } from "./phrase.tsx";

/** The page of a kiosk that cannot take check-ins: says what to do instead. */
export function OutOfOrder(props: { readonly state: ScreenState; readonly language: Language }): JSX.Element {
  const { state, language } = props;
  return (
    <main class="out-of-order">
      <div role="alert">
        <div class="disc">
          <Icon name="wrench" />
        </div>
        <Phrase text="kiosk.outOfOrder" language={language} class="sentence" />
      </div>
      <p class="hint">
        {translate(language, "kiosk.help")} · {translate(language, "kiosk.hotline", { hotline: state.hotline })}
      </p>
      <p class="when" lang="vi">
        {state.venue.name}
      </p>
    </main>
  );
}
