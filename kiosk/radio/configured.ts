import type { Dbm } from "../../protocol/units.ts";
import { SECOND_MS } from "../../protocol/units.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import type { KioskConfig } from "../config.ts";
import { type RadioSettings, SHARED_PLAN } from "./settings.ts";

/** Which adapters (n of hciN) do what; null: none does. */
export interface RadioOrder {
  readonly sendAdapter: number;
  readonly listenAdapter: number | null;
  readonly settings: RadioSettings;
}

/** The configuration's word for a power that nobody knows. */
const UNKNOWN_POWER = 127;

/**
 * What the configuration makes of the adapters of this machine.
 *
 * @param adapters numbers of the adapters that are there
 * @returns null when this kiosk uses no radio
 */
export function radioOrderOf(
  { radio }: Pick<KioskConfig, "radio">,
  trust: Pick<Trust, "observe">,
  adapters: readonly number[],
): RadioOrder | null {
  if (radio.use === "off" || (radio.use === "auto" && adapters.length === 0)) return null;
  const isThere = radio.use === "on" || adapters.includes(radio.adapter);
  const sender = isThere ? radio.adapter : (adapters[0] ?? radio.adapter);
  const second = adapters.find((n) => n !== sender) ?? sender;
  const ear = radio.observeAdapter === -1 ? second : radio.observeAdapter;
  return {
    sendAdapter: sender,
    listenAdapter: radio.observe ? ear : null,
    settings: {
      plan: ear === sender ? SHARED_PLAN : { kind: "always" },
      gates: {
        minimumDwellMs: radio.minimumDwellSeconds * SECOND_MS,
        minimumRssi: radio.minimumRssi as Dbm,
      },
      observe: trust.observe ?? [],
      txPower: radio.txPower === UNKNOWN_POWER ? null : (radio.txPower as Dbm),
    },
  };
}
