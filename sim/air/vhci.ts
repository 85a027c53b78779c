import { closeSync, constants, openSync, read, writeSync } from "node:fs";
import { BluepostError } from "../../protocol/errors.ts";
import type { Controller } from "./controller.ts";
import { read16 } from "./hci.ts";

/** The kernel takes no virtual controllers: no /dev/vhci, no permission, or it did not answer. */
export class NoVhciError extends BluepostError {
  readonly code = "SIM_NO_VHCI";
  readonly recovery = "operator";
}

/** What the first packet of a virtual controller asks for, and the kernel's answer begins with. Source: Linux, drivers/bluetooth/hci_vhci.c. */
const VENDOR = 0xff;
const PRIMARY = 0x00;
const MAX_PACKET = 4_096;
/** How often the kernel is asked for packets: a blocking read would hold the process at its end. */
const POLL_MS = 1;
const ANSWER_MS = 2_000;

/** A virtual controller as an adapter of this machine's real kernel. */
export class VhciAdapter {
  readonly controller: Controller;
  readonly #file: number;
  #open = true;

  private constructor(controller: Controller, file: number) {
    this.controller = controller;
    this.#file = file;
    controller.toHost = (packet) => this.#write(packet);
  }

  /** @throws {NoVhciError} SIM_NO_VHCI */
  static async open(controller: Controller): Promise<{ readonly adapter: VhciAdapter; readonly device: number }> {
    const made = new VhciAdapter(controller, openVhci());
    const device = new Promise<number>((resolve) => {
      made.#onPacket = (packet) => {
        if (packet[0] === VENDOR) resolve(read16(packet, 2));
        else controller.fromHost(packet);
      };
    });
    made.#write(Uint8Array.of(VENDOR, PRIMARY));
    made.#poll();
    const index = await Promise.race([device, new Promise<null>((resolve) => setTimeout(resolve, ANSWER_MS, null))]);
    if (index !== null) return { adapter: made, device: index };
    made.close();
    throw new NoVhciError("the kernel did not answer on /dev/vhci");
  }

  /** The adapter goes away, as a dongle that is pulled out. */
  close(): void {
    this.#open = false;
    this.controller.toHost = () => undefined;
    closeSync(this.#file);
  }

  #onPacket = (_packet: Uint8Array): void => {};

  #write(packet: Uint8Array): void {
    if (this.#open) writeSync(this.#file, packet);
  }

  #poll(): void {
    if (!this.#open) return;
    const buffer = new Uint8Array(MAX_PACKET);
    read(this.#file, buffer, 0, MAX_PACKET, null, (fault, length) => {
      if (!this.#open) return;
      if (!fault && length > 0) {
        this.#onPacket(buffer.slice(0, length));
        this.#poll(); // there may be more
      } else {
        setTimeout(() => this.#poll(), POLL_MS);
      }
    });
  }
}

function openVhci(): number {
  try {
    return openSync("/dev/vhci", constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    throw new NoVhciError("/dev/vhci cannot be opened: modprobe hci_vhci, as root", {}, { cause });
  }
}
