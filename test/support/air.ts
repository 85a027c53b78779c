import { createRequire } from "node:module";
import { ADVERTISING, Air, type Radio } from "../../sim/air/air.ts";
import { Controller } from "../../sim/air/controller.ts";
import { HciDev } from "../../sim/air/hci-dev.ts";
import { hookHciSocket, socketClassFor } from "../../sim/air/hci-socket-hook.ts";
import { fixedPropagation, type Propagation } from "../../sim/air/propagation.ts";
import { RealTimeClock, type SimClock } from "../../sim/clock.ts";
import { createRng } from "../../sim/rng.ts";
import { waitFor } from "./wait-for.ts";

const require = createRequire(import.meta.url);

export interface AirRigOptions {
  readonly rssi?: number | Propagation;
  readonly clock?: SimClock;
  readonly loss?: number;
}

/** An air in which everybody hears everybody, in real time unless told otherwise. */
export function testAir({ rssi = -60, clock = new RealTimeClock(), loss = 0 }: AirRigOptions = {}): Air {
  return new Air({ clock, rng: createRng("air"), propagation: fixedPropagation(rssi), loss });
}

/** An adapter of its own in an air. @param n makes name and address */
export function adapter(air: Air, n: number): HciDev {
  const tail = n.toString(16).padStart(2, "0");
  return new HciDev(new Controller(air, { name: `hci${n}`, address: `00:1b:dc:00:00:${tail}` }));
}

/** The real driver packages on virtual adapters; the hook stays for the life of the process. */
export function hookDrivers(devs: readonly HciDev[]): void {
  hookHciSocket(socketClassFor(devs));
}

/** What the tests use of a noble; the package's own types vanish where it is not installed. */
// biome-ignore lint/suspicious/noExplicitAny: a driver library without types of ours
export type Driver = any;

/** A noble of its own on an adapter. */
export function nobleOn(device: number): Driver {
  return require("@abandonware/noble/with-custom-binding")({ deviceId: device });
}

/** The process's bleno; it takes its adapter when first asked for. */
export function blenoOn(device: number): Driver {
  process.env["BLENO_HCI_DEVICE_ID"] = String(device);
  return require("@abandonware/bleno");
}

const ignore = (): void => {};

/** Resolves when a driver is ready; asks for its state, because the event is not repeated for who comes late. */
export async function poweredOn(driver: Driver): Promise<void> {
  driver.on("stateChange", ignore); // which is what makes it begin
  await waitFor(() => driver.state === "poweredOn", { what: "a driver that is ready" });
  driver.off("stateChange", ignore);
}

/** Something in the air that says what a test tells it to, at the power the test says; the air must be made with `speakerPower`. */
export class Speaker implements Radio {
  readonly name = "speaker";
  readonly txPower = 0;
  readonly position = { x: 0, y: 0 };
  readonly #air: Air;
  /** Power at which everybody hears it, dBm. */
  rssi = -60;

  constructor(air: Air) {
    this.#air = air;
    air.join(this);
  }

  listeningOn(): null {
    return null;
  }

  hear(): void {
    // a speaker has no ear
  }

  /** @param address 6 bytes in reading order */
  say(payload: Uint8Array, address: Uint8Array, type: number = ADVERTISING.silent): void {
    const sender = { type: 1, bytes: Uint8Array.from(address).reverse() };
    const nothing = new Uint8Array(0);
    this.#air.advertise(this, { type, address: sender, payload, scanResponse: nothing, target: null, channels: 7 });
  }
}

/** The power of each speaker; everybody else is heard at -60 dBm. */
export const speakerPower: Propagation = (from) => (from instanceof Speaker ? from.rssi : -60);
