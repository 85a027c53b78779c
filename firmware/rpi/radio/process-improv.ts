import type { ImprovCentral, ImprovRadio, ImprovValues } from "../../ports/improv.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import type { RadioSupervisor } from "./radio-supervisor.ts";

/** Improv's service in the radio process, as the kiosk holds it. */
export class ProcessImprov implements ImprovRadio {
  readonly #radio: RadioSupervisor;

  constructor(radio: RadioSupervisor) {
    this.#radio = radio;
  }

  async open(values: ImprovValues, central: ImprovCentral): Promise<void> {
    this.#radio.central = central;
    await this.#radio.openImprov(values);
  }

  tell(what: "state" | "error" | "result", bytes: Uint8Array): void {
    this.#radio.tellImprov(what, bytes);
  }

  status(): DeviceStatus {
    return this.#radio.status.improv;
  }

  async close(): Promise<void> {
    this.#radio.central = null;
    await this.#radio.closeImprov();
  }
}
