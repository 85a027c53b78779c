import type { JSX } from "preact";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type Language, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";

/** The page of a kiosk that cannot take check-ins: says what to do instead. */
export function OutOfOrder(props: { readonly state: ScreenState; readonly language: Language }): JSX.Element {
  const say = translate.bind(null, props.language);
  const provision = props.state.mode === "provision";
  return (
    <main class="out-of-order">
      <Icon name="wrench" />
      <p class="sentence" role="alert">
        {say(provision ? "kiosk.provision" : "kiosk.outOfOrder")}
      </p>
      {provision && <p class="small">{say("kiosk.provisionHint")}</p>}
      <p class="small">{say("kiosk.hotline", { hotline: props.state.hotline })}</p>
    </main>
  );
}
