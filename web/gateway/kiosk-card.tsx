import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RevocationReason } from "../../protocol/checkin/revocations.ts";
import type { FleetKiosk } from "../../protocol/http/fleet-view.ts";
import { change } from "./api.ts";
import { Facts } from "./facts.tsx";
import { kioskFacts } from "./kiosk-facts.ts";
import { Failure } from "./login.tsx";
import { SettingsForm } from "./settings-form.tsx";
import type { FleetText, Say } from "./texts.ts";
import { useAttempt } from "./use-attempt.ts";

interface KioskCardProps {
  readonly say: Say;
  readonly kiosk: FleetKiosk;
  readonly nowMs: number;
  /** Whether nothing can be sent just now. */
  readonly disabled: boolean;
}

type Panel = "reboot" | "revoke" | "settings" | null;

/** One kiosk: how it is, and what can be done with it. */
export function KioskCard({ say, kiosk, nowMs, disabled }: KioskCardProps): JSX.Element {
  const { device, state } = kiosk;
  return (
    <article class={`panel kiosk ${state}`} aria-labelledby={`kiosk-${device}`}>
      <h3 id={`kiosk-${device}`}>{device}</h3>
      <p class="state">{say(`kiosk.${state}`)}</p>
      <p class="place">
        {kiosk.venueName} · {say("kiosk.gate", { gate: kiosk.gate })}
      </p>
      {state !== "revoked" && <Facts facts={kioskFacts(say, kiosk, nowMs)} />}
      {state !== "revoked" && <Actions say={say} kiosk={kiosk} disabled={disabled} />}
    </article>
  );
}

function Actions({ say, kiosk, disabled }: Omit<KioskCardProps, "nowMs">): JSX.Element {
  const [panel, setPanel] = useState<Panel>(null);
  const { busy, failure, run } = useAttempt(say, "act.");
  const post = (path: string, body: unknown): void =>
    run(async () => {
      await change(`api/kiosks/${kiosk.device}/${path}`, body);
      setPanel(null);
    });
  const off = disabled || busy;
  const toggle = (name: Exclude<Panel, null>): void => setPanel(panel === name ? null : name);
  const opener = (name: Exclude<Panel, null>): JSX.Element => (
    <button type="button" disabled={off} aria-expanded={panel === name} onClick={() => toggle(name)}>
      {say(`act.${name}`)}
    </button>
  );
  return (
    <>
      <div class="actions">
        <button
          type="button"
          disabled={off}
          title={say("act.identifyHint")}
          onClick={() => post("command", { name: "identify" })}
        >
          {say("act.identify")}
        </button>
        {opener("settings")}
        {opener("reboot")}
        <button type="button" disabled={off} onClick={() => post("command", { name: "bundle" })}>
          {say("act.bundle")}
        </button>
        {opener("revoke")}
      </div>
      {panel === "reboot" && (
        <Sure
          say={say}
          kiosk={kiosk}
          name="reboot"
          off={off}
          onYes={() => post("command", { name: "reboot" })}
          onNo={() => setPanel(null)}
        />
      )}
      {panel === "revoke" && (
        <Revoke
          say={say}
          kiosk={kiosk}
          off={off}
          onYes={(reason) => post("revoke", { reason })}
          onNo={() => setPanel(null)}
        />
      )}
      {panel === "settings" && (
        <SettingsForm say={say} kiosk={kiosk} off={off} onSend={(patch) => post("settings", patch)} />
      )}
      <Failure text={failure} />
      <LastCommand say={say} kiosk={kiosk} />
    </>
  );
}

interface SureProps {
  readonly say: Say;
  readonly kiosk: FleetKiosk;
  readonly name: "reboot" | "revoke";
  readonly off: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
  /** What else there is to say before. */
  readonly children?: JSX.Element;
}

/** Asks once more before something that visitors would notice. */
function Sure({ say, kiosk, name, off, onYes, onNo, children }: SureProps): JSX.Element {
  return (
    <section class="sure" aria-label={say(`act.${name}`)}>
      <p>{say(`act.${name}.sure`, { device: kiosk.device })}</p>
      {children}
      <button type="button" class="danger" disabled={off} onClick={onYes}>
        {say("act.yes")}
      </button>
      <button type="button" onClick={onNo}>
        {say("cancel")}
      </button>
    </section>
  );
}

/** Why a kiosk is revoked; the authority hears it too. */
const REASONS = [
  "unspecified",
  "stolen",
  "lost",
  "cloned",
  "replaced",
  "retired",
] as const satisfies RevocationReason[];

interface RevokeProps extends Omit<SureProps, "name" | "onYes"> {
  readonly onYes: (reason: RevocationReason) => void;
}

function Revoke({ onYes, ...rest }: RevokeProps): JSX.Element {
  const [reason, setReason] = useState<RevocationReason>("unspecified");
  return (
    <Sure {...rest} name="revoke" onYes={() => onYes(reason)}>
      <label class="field">
        {rest.say("revoke.reason")}
        <select value={reason} onChange={(event) => setReason(event.currentTarget.value as RevocationReason)}>
          {REASONS.map((one) => (
            <option key={one} value={one}>
              {rest.say(`revoke.${one}`)}
            </option>
          ))}
        </select>
      </label>
    </Sure>
  );
}

/** Says aloud what became of the last order. */
function LastCommand({ say, kiosk }: Pick<KioskCardProps, "say" | "kiosk">): JSX.Element {
  const last = kiosk.lastCommand;
  return (
    <p class="outcome" role="status">
      {last && `${say(`act.${last.name}`)}: ${say(outcomeText(last))} `}
      {last?.name === "bundle" && last.outcome === "done" && (
        <a href={`api/kiosks/${kiosk.device}/bundle`} download>
          {say("act.download")}
        </a>
      )}
    </p>
  );
}

function outcomeText({ name, outcome }: NonNullable<FleetKiosk["lastCommand"]>): FleetText {
  return outcome === "done" ? `act.done.${name}` : `act.${outcome}`;
}
