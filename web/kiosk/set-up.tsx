import type { JSX } from "preact";
import type { ScreenState, SetupProgress, WifiProgress } from "../../protocol/http/kiosk-screen.ts";
import { type Language, type TextKey, translate } from "../kit/i18n.ts";
import { Icon } from "./icons.tsx";
import { Phrase } from "./phrase.tsx";

interface SetUpProps {
  readonly state: ScreenState;
  readonly language: Language;
}

/** The page of a kiosk without papers: what to hold before the scanner, how far it has come, and why the last code was refused. */
export function SetUp({ state, language }: SetUpProps): JSX.Element {
  const say = translate.bind(null, language);
  const { setup, scanner, wifi } = state;
  return (
    <main class="out-of-order set-up" data-step={setup?.step ?? "waiting"}>
      <div role="status">
        <div class="disc">
          <Icon name={setup?.step === "done" ? "check" : "wrench"} />
        </div>
        <p class="hint">{say("kiosk.provision")}</p>
        <Phrase text={sentenceOf(setup)} language={language} class="sentence" />
        {!scanner.present && <p class="hint">{say("kiosk.scannerMissing")}</p>}
      </div>
      {setup?.refusal && (
        <p class="hint refusal" role="alert" data-reason={setup.refusal}>
          {say("kiosk.setup.refused", { reason: say(`kiosk.setup.${setup.refusal}`) })}
        </p>
      )}
      <p class="hint">{say("kiosk.setup.how")}</p>
      {wifi && (
        <p class="hint" data-wifi={wifi.step}>
          {say(wifiTextOf(wifi), { seconds: String(wifi.leftSeconds) })}
        </p>
      )}
      {setup && <p class="hint">{say("kiosk.setup.device", { device: setup.device })}</p>}
    </main>
  );
}

function wifiTextOf({ step, bluetooth }: WifiProgress): TextKey {
  return step === "waiting" && !bluetooth ? "kiosk.wifi.cable" : `kiosk.wifi.${step}`;
}

function sentenceOf(
  setup: SetupProgress | undefined,
): "kiosk.setup.instruction" | "kiosk.setup.enrolling" | "kiosk.setup.done" {
  if (setup?.step === "enrolling") return "kiosk.setup.enrolling";
  return setup?.step === "done" ? "kiosk.setup.done" : "kiosk.setup.instruction";
}
