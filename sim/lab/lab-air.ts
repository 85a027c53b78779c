import { pathToFileURL } from "node:url";
import { packageFile } from "../../runtime/package-paths.ts";
import { Air } from "../air/air.ts";
import { Controller } from "../air/controller.ts";
import { HciDev } from "../air/hci-dev.ts";
import { HciServer } from "../air/hci-server.ts";
import { createPropagation } from "../air/propagation.ts";
import { RealTimeClock } from "../clock.ts";
import { createRng } from "../rng.ts";

/** The air of a lab: one Bluetooth adapter for each kiosk, on a Unix socket that the kiosks' processes attach to. */
export class LabAir {
  readonly #air: Air;
  readonly #adapters = new Map<string, HciDev>();
  readonly #server = new HciServer((name) => this.#adapters.get(name) ?? null);
  readonly #socket: string;

  /** @param socket path of the Unix socket, made by {@link open} */
  constructor(socket: string, seed: string) {
    const rng = createRng(`air ${seed}`);
    this.#air = new Air({ clock: new RealTimeClock(), rng, propagation: createPropagation(rng.fork("paths")) });
    this.#socket = socket;
  }

  async open(): Promise<void> {
    await this.#server.listen(this.#socket);
  }

  /** Adds an adapter, hci0 of one kiosk. @param position metres, as on the plan */
  plugIn(device: string, position: { readonly x: number; readonly y: number }): HciDev {
    const tail = (this.#adapters.size + 1).toString(16).padStart(2, "0");
    const adapter = new HciDev(
      new Controller(this.#air, { name: device, address: `00:1b:dc:0b:00:${tail}`, position }),
    );
    this.#adapters.set(device, adapter);
    return adapter;
  }

  /** What a kiosk's process must be told so that its adapters are these. */
  processOf(device: string): { readonly preload: string; readonly env: Readonly<Record<string, string>> } {
    return {
      preload: pathToFileURL(packageFile("dist/sim/preload/bluetooth.js")).href,
      env: { BLUEPOST_SIM_AIR: this.#socket, BLUEPOST_SIM_HCI: device },
    };
  }

  async close(): Promise<void> {
    await this.#server.close();
    for (const { controller } of this.#adapters.values()) controller.close();
  }
}
