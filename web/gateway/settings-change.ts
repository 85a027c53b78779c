import type { FleetKiosk } from "../../protocol/http/fleet-view.ts";
import type { RemoteSettings } from "../../protocol/mqtt/fleet.ts";

type Settings = FleetKiosk["settings"];
/** What is sent to the gateway; it changes what was wanted before. Null: as the kiosk's own configuration says. */
export type SettingsPatch = Readonly<Record<string, string | number | null>>;

/** What a kiosk is set to, or on its way to be. Settings that it went back from are not in force, so they are not shown as if they were. */
export function shownSettings(settings: Settings): RemoteSettings {
  return { ...settings.reported?.settings, ...(isRefused(settings) ? {} : settings.wanted?.settings) };
}

/**
 * What must be sent so that a kiosk is set as the form says; empty when nothing was changed. An empty field changes nothing.
 *
 * The gateway lays it over what was wanted last. When that was refused, what is left of it is taken back with the first change: nobody
 * sees it in the form.
 *
 * @param typed texts of the form's fields, by name
 * @param numbers names of the settings that are numbers
 */
export function settingsPatch(
  settings: Settings,
  typed: Readonly<Record<string, string>>,
  numbers: readonly string[],
): SettingsPatch {
  const shown = valuesOf(shownSettings(settings));
  const said = (name: string): string | number | null => {
    const text = typed[name]?.trim() ?? "";
    if (text === "") return shown[name] ?? null;
    return numbers.includes(name) ? Number(text) : text;
  };
  const changed = Object.keys(typed).filter((name) => said(name) !== (shown[name] ?? null));
  if (changed.length === 0) return {};
  const refused = isRefused(settings) ? valuesOf(settings.wanted?.settings ?? {}) : {};
  const left = Object.keys(refused).filter((name) => said(name) !== refused[name]);
  return Object.fromEntries([...new Set([...changed, ...left])].map((name) => [name, said(name)]));
}

function isRefused({ wanted, reported }: Settings): boolean {
  return wanted !== null && reported?.refused?.version === wanted.version;
}

function valuesOf(settings: RemoteSettings): Readonly<Record<string, string | number>> {
  return settings;
}
