import type { BoottimeMs } from "../../protocol/units.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { BeaconRx, BeaconTx } from "../ports/beacon.ts";
import type { ImprovRadio } from "../ports/improv.ts";
import { ProcessImprov } from "./radio/process-improv.ts";
import { ProcessBeacon, ProcessObserver } from "./radio/process-radio.ts";
import { RadioSupervisor } from "./radio/radio-supervisor.ts";

/** Which adapters a kiosk uses, as numbers n of hciN; both may be the same. */
export interface RadioChoice {
  /** Null: no beacon. */
  readonly sendAdapter: number | null;
  /** Null: no listening. */
  readonly listenAdapter: number | null;
}

export interface RadioDeps {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly boottime: () => BoottimeMs;
  /** Full path of the radio process's compiled entry; default: the one of this package. */
  readonly entry?: string;
}

/** The radio of a kiosk. */
export interface Radio {
  readonly beacon: BeaconTx | null;
  readonly observer: BeaconRx | null;
  /** Improv's service on the adapter that sends; the beacon rests while it is open. */
  readonly improv: ImprovRadio | null;
  /** Process number of the radio process; null while there is none. */
  readonly pid: number | null;
  /** Falls silent and ends the radio process; may be called twice. */
  close(): Promise<void>;
}

/**
 * Starts the radio process with the adapters of the configuration. Never throws: on a machine without Bluetooth the halves say in their
 * `status` what is missing, and it is looked for again.
 */
export function openRadio(choice: RadioChoice, deps: RadioDeps): Radio {
  if (choice.sendAdapter === null && choice.listenAdapter === null) {
    return { beacon: null, observer: null, improv: null, pid: null, close: async () => undefined };
  }
  const supervisor = new RadioSupervisor({ ...choice, ...deps, monotonicMs: () => performance.now() });
  supervisor.open();
  return {
    beacon: choice.sendAdapter === null ? null : new ProcessBeacon(supervisor),
    observer: choice.listenAdapter === null ? null : new ProcessObserver(supervisor, deps.boottime),
    improv: choice.sendAdapter === null ? null : new ProcessImprov(supervisor),
    get pid() {
      return supervisor.pid;
    },
    close: () => supervisor.close(),
  };
}
