import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FleetKiosk, SetupCodeAnswer } from "../../protocol/http/fleet-view.ts";
import { QrCode } from "../kit/qr-code.tsx";
import { change } from "./api.ts";
import { Field, valuesOf } from "./field.tsx";
import { Failure, Submit } from "./login.tsx";
import { age, type Say } from "./texts.ts";
import { useAttempt } from "./use-attempt.ts";

interface SetupCodeProps {
  readonly say: Say;
  readonly kiosks: readonly FleetKiosk[];
  readonly nowMs: number;
  readonly disabled: boolean;
}

/** Makes the code that turns a new machine into a kiosk of this site. It is on the screen only, and only while it counts. */
export function SetupCode({ say, kiosks, nowMs, disabled }: SetupCodeProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<SetupCodeAnswer | null>(null);
  const close = (): void => {
    setOpen(false);
    setMade(null);
  };
  return (
    <>
      <button type="button" class="primary" disabled={disabled} aria-expanded={isOpen} onClick={() => setOpen(true)}>
        {say("setup.open")}
      </button>
      {isOpen && (
        <section class="panel setup" aria-label={say("setup.title")}>
          <h3>{say("setup.title")}</h3>
          {made ? <Made say={say} made={made} nowMs={nowMs} /> : <Order say={say} kiosks={kiosks} onMade={setMade} />}
          <button type="button" onClick={close}>
            {say("close")}
          </button>
        </section>
      )}
    </>
  );
}

interface OrderProps {
  readonly say: Say;
  readonly kiosks: readonly FleetKiosk[];
  readonly onMade: (made: SetupCodeAnswer) => void;
}

/** Which door it will be; a second door of a venue that is known needs little typing. */
function Order({ say, kiosks, onMade }: OrderProps): JSX.Element {
  const { busy, failure, run } = useAttempt(say, "setup.");
  const last = kiosks.at(-1);
  const submit = (event: Event): void => {
    const { venue = "", venueName = "", gate = "0", device = "" } = valuesOf(event);
    const door = { venue: venue.trim().toLowerCase(), venueName: venueName.trim(), gate: Number(gate) };
    const body = device.trim() === "" ? door : { ...door, device: device.trim() };
    run(async () => onMade(await change<SetupCodeAnswer>("api/setup-code", body)));
  };
  return (
    <form class="settings" onSubmit={submit}>
      <Field
        label={say("setup.venue")}
        name="venue"
        pattern="[0-9a-zA-Z]{8}"
        defaultValue={last?.venue ?? ""}
        required
      />
      <Field
        label={say("setup.venueName")}
        name="venueName"
        maxLength={200}
        defaultValue={last?.venueName ?? ""}
        required
      />
      <Field label={say("setup.gate")} name="gate" type="number" min={0} max={255} required />
      <Field label={say("setup.device")} name="device" pattern="[a-z0-9](?:[a-z0-9\-]{0,30}[a-z0-9])?" />
      <Failure text={failure} />
      <Submit say={say} busy={busy} text={say("setup.make")} />
    </form>
  );
}

function Made(props: { readonly say: Say; readonly made: SetupCodeAnswer; readonly nowMs: number }): JSX.Element {
  const { say, made, nowMs } = props;
  const leftMs = made.expiresMs - nowMs;
  if (leftMs <= 0) return <p role="status">{say("setup.over")}</p>;
  return (
    <>
      <QrCode text={made.code} label={say("setup.qr")} />
      <p>{say("setup.hold", { left: age(say, leftMs) })}</p>
    </>
  );
}
