import type { Indicator } from "../../firmware/ports/indicator.ts";
import type { RemoteSettings } from "../../protocol/mqtt/fleet.ts";
import { HOUR_MS, SECOND_MS } from "../../protocol/units.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { AdmissionPolicy } from "../admission/policy.ts";
import type { KioskScreen } from "../screen/screen-port.ts";

/** What settings show on. */
export interface DoorParts {
  readonly screen: Pick<KioskScreen, "update">;
  readonly indicator: Pick<Indicator, "silence">;
}

/** The door's rules as they are now. Whoever holds `policy` sees every change. */
export class DoorSettings {
  readonly #policy: { -readonly [Key in keyof AdmissionPolicy]: AdmissionPolicy[Key] };
  readonly #screen: Pick<KioskScreen, "update">;
  readonly #indicator: Pick<Indicator, "silence">;
  #gatePulseMs: number | undefined;
  #volume = 100;
  #isMuted = false;

  constructor(policy: AdmissionPolicy, { screen, indicator }: DoorParts) {
    this.#policy = { ...policy };
    this.#screen = screen;
    this.#indicator = indicator;
  }

  get policy(): AdmissionPolicy {
    return this.#policy;
  }

  /** Undefined: as the indicator was opened with. */
  get gatePulseMs(): number | undefined {
    return this.#gatePulseMs;
  }

  /** The rules as settings from afar name them. */
  get named(): RemoteSettings {
    const { profile, capacity, minimumDwellMs, maximumStayMs } = this.#policy;
    return {
      profile,
      capacity: capacity ?? 0,
      minimumDwellSeconds: minimumDwellMs / SECOND_MS,
      maximumStayHours: maximumStayMs / HOUR_MS,
    };
  }

  /** Puts settings from afar in force; an absent one stays as it is. */
  apply({ language, hotline, volume, ...door }: RemoteSettings): void {
    const { profile, capacity, minimumDwellSeconds, maximumStayHours, gatePulseMs } = door;
    const policy = this.#policy;
    if (profile !== undefined) policy.profile = profile;
    if (capacity !== undefined) policy.capacity = capacity === 0 ? null : capacity;
    if (minimumDwellSeconds !== undefined) policy.minimumDwellMs = minimumDwellSeconds * SECOND_MS;
    if (maximumStayHours !== undefined) policy.maximumStayMs = maximumStayHours * HOUR_MS;
    if (gatePulseMs !== undefined) this.#gatePulseMs = gatePulseMs;
    this.#screen.update({
      ...(language !== undefined && { language }),
      ...(hotline !== undefined && { hotline }),
    });
    if (volume === undefined) return;
    this.#volume = volume;
    this.#sound();
  }

  /** Takes all sound away, or gives it back, until the next start. @returns whether the door is mute now */
  toggleMute(): boolean {
    this.#isMuted = !this.#isMuted;
    this.#sound();
    return this.#isMuted;
  }

  #sound(): void {
    const volume = this.#isMuted ? 0 : this.#volume;
    this.#screen.update({ volume });
    this.#indicator.silence(volume === 0);
  }
}

/** As long as the lamps' pattern for it, milliseconds. */
const IDENTIFY_MS = 10_000;

/** Lets lamps, buzzer and screen say that this is the machine that is looked for. @returns the act; it may be done again at any time */
export function identifier(
  parts: { readonly indicator: Pick<Indicator, "show">; readonly screen: Pick<KioskScreen, "update"> },
  timers: Timers,
): () => void {
  let cancel = (): void => {};
  return () => {
    cancel();
    parts.indicator.show("identify");
    parts.screen.update({ identify: true });
    cancel = timers.after(IDENTIFY_MS, () => parts.screen.update({ identify: false }));
  };
}
