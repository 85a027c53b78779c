import type { ByteLine } from "../../../firmware/ports/improv.ts";
import {
  encodeImprovBody,
  encodeTexts,
  type ImprovFrame,
  MAX_RPC_DATA_BYTES,
  parseImprovBody,
} from "../../../protocol/improv/rpc.ts";
import {
  encodeSerialPacket,
  SERIAL_PACKET,
  SerialDeframer,
  type SerialPacket,
} from "../../../protocol/improv/serial.ts";
import type { ImprovError, ImprovState } from "../../../protocol/improv/values.ts";
import { SECOND_MS } from "../../../protocol/units.ts";
import type { Timers } from "../../../runtime/timers.ts";
import type { ImprovLink, ImprovListener } from "./improv-link.ts";

/** A packet whose rest does not come for so long was cut, milliseconds. */
const CUT_MS = 2 * SECOND_MS;

/** Improv over a cable. Whoever holds the cable stands at the machine, so there is no button. */
export class SerialImprovLink implements ImprovLink {
  readonly isOverAir = false;
  readonly resultRoom = MAX_RPC_DATA_BYTES;
  readonly #line: ByteLine;
  readonly #timers: Timers;
  readonly #deframer = new SerialDeframer();
  #cancelCut = (): void => {};

  constructor(line: ByteLine, timers: Timers) {
    this.#line = line;
    this.#timers = timers;
  }

  /** Hands commands on until `signal` aborts. */
  async serve(heard: ImprovListener, signal: AbortSignal): Promise<void> {
    await this.#line.serve((bytes) => this.#received(bytes, heard), signal);
    this.#cancelCut();
  }

  state(value: ImprovState): void {
    this.#send(SERIAL_PACKET.state, Uint8Array.of(value));
  }

  error(value: ImprovError): void {
    this.#send(SERIAL_PACKET.error, Uint8Array.of(value));
  }

  result(command: number, texts: readonly string[]): void {
    this.#send(SERIAL_PACKET.result, encodeImprovBody(command, encodeTexts(texts)));
  }

  #send(type: number, data: Uint8Array): void {
    this.#line.write(encodeSerialPacket(type, data));
  }

  #received(bytes: Uint8Array, heard: ImprovListener): void {
    this.#cancelCut();
    for (const packet of this.#deframer.push(bytes)) {
      const frame = frameOf(packet);
      if (frame) heard(frame);
    }
    if (this.#deframer.isWaiting) this.#cancelCut = this.#timers.after(CUT_MS, () => this.#deframer.reset());
  }
}

/** Null for a packet that is not for a machine, but from one: an echo of the line. */
function frameOf(packet: SerialPacket): ImprovFrame | null {
  if (packet.kind === "broken") return packet;
  return packet.type === SERIAL_PACKET.command ? parseImprovBody(packet.data) : null;
}
