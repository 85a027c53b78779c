import type { JSX } from "preact";
import { LAB_SWITCHES, type LabKiosk, type LabSwitch } from "../../protocol/http/lab.ts";
import { post } from "./api.ts";
import { answerText, type LabText, type Say } from "./texts.ts";

const LAMPS = ["green", "amber", "red", "buzzer", "relay"] as const;

export interface KioskPanelProps {
  readonly kiosk: LabKiosk;
  readonly say: Say;
  /** Told why something that was asked for did not happen; null: it did. */
  readonly failed: (why: string | null) => void;
}

/** Everything of one kiosk that can be seen and broken. */
export function KioskPanel({ kiosk, say, failed }: KioskPanelProps): JSX.Element {
  const { device, name, switches, unsent } = kiosk;
  const attempt = (work: Promise<void>): void => {
    work.then(
      () => failed(null),
      (fault: Error) => failed(fault.message),
    );
  };
  const heading = `kiosk-${device}`;
  return (
    <section class="panel" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{name}</h2>
        <p class="now" aria-live="polite">
          {stateOf(kiosk, say)}
        </p>
      </header>
      <Lamps kiosk={kiosk} say={say} />
      <dl class="counts">
        <Count label={say("kiosk.confirmed")} value={kiosk.confirmed} />
        <Count label={say("kiosk.stored")} value={kiosk.stored} />
        <Count label={say("kiosk.unsent")} value={unsent ?? "–"} />
        <Count label={say("kiosk.turned_away")} value={kiosk.turnedAway} />
        <Count label={say("kiosk.beacon")} value={say(kiosk.isBeacon ? "beacon.on" : "beacon.off")} />
      </dl>
      {kiosk.lost > 0 && <p class="bad">{say("lost", { n: kiosk.lost })}</p>}
      {kiosk.duplicated > 0 && <p class="bad">{say("duplicated", { n: kiosk.duplicated })}</p>}
      <div class="switches">
        {LAB_SWITCHES.map((what) => (
          <Switch
            key={what}
            what={what}
            on={switches[what]}
            say={say}
            set={(next) => attempt(post("switch", { device, what, on: next }))}
          />
        ))}
      </div>
      <div class="acts">
        <button type="button" class="act" onClick={() => attempt(post("visit", { device }))}>
          {say("kiosk.visit")}
        </button>
        <a class="act" href={kiosk.screenUrl} target="_blank" rel="noreferrer">
          {say("kiosk.screen")}
        </a>
      </div>
    </section>
  );
}

function stateOf({ switches, isStarting, answer, unsent }: LabKiosk, say: Say): string {
  if (!switches.power) return say("kiosk.dark");
  if (isStarting || unsent === null) return say("kiosk.starting");
  return answer === null ? say("kiosk.ready") : answerText(say, answer);
}

function Lamps({ kiosk, say }: Pick<KioskPanelProps, "kiosk" | "say">): JSX.Element {
  const lit = LAMPS.filter((lamp) => kiosk.lamps[lamp]);
  const words = lit.length === 0 ? say("lamp.none") : lit.map((lamp) => say(`lamp.${lamp}`)).join(", ");
  return (
    <p class="lamps" role="img" aria-label={`${say("kiosk.lamps")}: ${words}`}>
      {LAMPS.map((lamp) => (
        <i key={lamp} class={`dot lamp-${lamp} ${kiosk.lamps[lamp] ? "lit" : ""}`} />
      ))}
    </p>
  );
}

function Count({ label, value }: { readonly label: string; readonly value: number | string }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Switch(props: {
  readonly what: LabSwitch;
  readonly on: boolean;
  readonly say: Say;
  readonly set: (on: boolean) => void;
}): JSX.Element {
  const { what, on, say, set } = props;
  const name: LabText = `switch.${what}`;
  return (
    <button type="button" role="switch" aria-checked={on} class="switch" onClick={() => set(!on)}>
      <span>{say(name)}</span>
      <span class="track" aria-hidden="true" />
      <span class="state">{say(on ? "state.on" : "state.off")}</span>
    </button>
  );
}
