import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FleetKiosk } from "../../protocol/http/fleet-view.ts";
import { Field, valuesOf } from "./field.tsx";
import { Submit } from "./login.tsx";
import { type SettingsPatch, settingsPatch, shownSettings } from "./settings-change.ts";
import type { Say } from "./texts.ts";

interface SettingsFormProps {
  readonly say: Say;
  readonly kiosk: FleetKiosk;
  readonly off: boolean;
  readonly onSend: (patch: SettingsPatch) => void;
}

/** Whole numbers, with their range. */
const NUMBERS = {
  capacity: [0, 1_000_000],
  minimumDwellSeconds: [6, 3_600],
  maximumStayHours: [1, 48],
  volume: [0, 100],
  gatePulseMs: [50, 10_000],
} as const;
type NumberName = keyof typeof NUMBERS;
const NUMBER_NAMES = Object.keys(NUMBERS) as readonly NumberName[];

/** What a kiosk is set to, to be changed. Only what was changed is sent. */
export function SettingsForm({ say, kiosk, off, onSend }: SettingsFormProps): JSX.Element {
  const now = shownSettings(kiosk.settings);
  const [isSame, setSame] = useState(false);
  const submit = (event: Event): void => {
    const patch = settingsPatch(kiosk.settings, valuesOf(event), NUMBER_NAMES);
    setSame(Object.keys(patch).length === 0);
    if (Object.keys(patch).length > 0) onSend(patch);
  };
  return (
    <form class="settings" onSubmit={submit}>
      <Choice say={say} name="profile" values={["entrance", "exit"]} now={now.profile} />
      <Choice say={say} name="language" values={["vi", "en"]} now={now.language} />
      {NUMBER_NAMES.map((name) => (
        <Field
          key={name}
          label={say(`set.${name}`)}
          name={name}
          type="number"
          min={NUMBERS[name][0]}
          max={NUMBERS[name][1]}
          defaultValue={now[name] === undefined ? "" : String(now[name])}
        />
      ))}
      <Field
        label={say("set.hotline")}
        name="hotline"
        inputMode="tel"
        pattern="[0-9+\(\) .\-]{3,32}"
        defaultValue={now.hotline ?? ""}
      />
      <Submit say={say} busy={off} text={say("set.save")} />
      <p role="status">{isSame && say("set.same")}</p>
    </form>
  );
}

interface ChoiceProps {
  readonly say: Say;
  readonly name: "profile" | "language";
  readonly values: readonly string[];
  readonly now: string | undefined;
}

function Choice({ say, name, values, now }: ChoiceProps): JSX.Element {
  const names: Readonly<Record<string, string>> = {
    entrance: say("set.profile.entrance"),
    exit: say("set.profile.exit"),
    vi: "Tiếng Việt",
    en: "English",
  };
  return (
    <label class="field">
      {say(`set.${name}`)}
      <select name={name}>
        {now === undefined && <option value="" selected />}
        {values.map((value) => (
          <option key={value} value={value} selected={value === now}>
            {names[value]}
          </option>
        ))}
      </select>
    </label>
  );
}
