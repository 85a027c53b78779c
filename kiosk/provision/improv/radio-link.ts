import type { ImprovRadio, ImprovValues } from "../../../firmware/ports/improv.ts";
import { BluepostError } from "../../../protocol/errors.ts";
import { encodeImprovFrame, encodeTexts, ImprovAssembler, MAX_RPC_DATA_BYTES } from "../../../protocol/improv/rpc.ts";
import {
  IMPROV_CAPABILITY,
  IMPROV_ERROR,
  IMPROV_STATE,
  type ImprovError,
  type ImprovState,
} from "../../../protocol/improv/values.ts";
import { SECOND_MS } from "../../../protocol/units.ts";
import { every, type Timers } from "../../../runtime/timers.ts";
import type { ImprovLink, ImprovListener } from "./improv-link.ts";

/** A command whose rest does not come for so long was cut, milliseconds. */
const CUT_MS = 2 * SECOND_MS;
/** How often the radio is looked at, milliseconds. */
const LOOK_MS = 2 * SECOND_MS;
/** What a notification carries beside the data: command, length, checksum. */
const FRAME_BYTES = 3;
const CAPABILITIES = IMPROV_CAPABILITY.identify | IMPROV_CAPABILITY.deviceInfo | IMPROV_CAPABILITY.scan;

/** Improv over Bluetooth: whoever is in reach may connect, so somebody must press the button. */
export class RadioImprovLink implements ImprovLink {
  readonly isOverAir = true;
  readonly #radio: ImprovRadio;
  readonly #timers: Timers;
  readonly #assembler = new ImprovAssembler();
  #values: ImprovValues = {
    capabilities: CAPABILITIES,
    state: IMPROV_STATE.authorizationRequired,
    error: IMPROV_ERROR.none,
    result: new Uint8Array(0),
  };
  #room = MAX_RPC_DATA_BYTES + FRAME_BYTES;
  #isOpening = false;
  #cancelCut = (): void => {};
  #stopLooking = (): void => {};

  constructor(radio: ImprovRadio, timers: Timers) {
    this.#radio = radio;
    this.#timers = timers;
  }

  get resultRoom(): number {
    return Math.min(MAX_RPC_DATA_BYTES, this.#room - FRAME_BYTES);
  }

  /** Lets centrals connect, and hands on what they command; a radio that is missing or was lost is tried again. */
  async open(heard: ImprovListener): Promise<void> {
    await this.#try(heard);
    this.#stopLooking = every(this.#timers, LOOK_MS, () => {
      if (!this.#radio.status().present) void this.#try(heard);
    });
  }

  async close(): Promise<void> {
    this.#stopLooking();
    this.#cancelCut();
    await this.#radio.close();
  }

  state(state: ImprovState): void {
    this.#values = { ...this.#values, state };
    this.#radio.tell("state", Uint8Array.of(state));
  }

  /** Only changes are notified. */
  error(error: ImprovError): void {
    if (error === this.#values.error) return;
    this.#values = { ...this.#values, error };
    this.#radio.tell("error", Uint8Array.of(error));
  }

  result(command: number, texts: readonly string[]): void {
    const result = encodeImprovFrame(command, encodeTexts(texts));
    this.#values = { ...this.#values, result };
    this.#radio.tell("result", result);
  }

  async #try(heard: ImprovListener): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.#assembler.reset(); // a radio that was lost took its central along
    try {
      await this.#radio.open(this.#values, {
        written: (bytes) => this.#written(bytes, heard),
        room: (bytes) => {
          this.#room = bytes;
        },
        left: () => this.#assembler.reset(),
      });
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      // no radio now: it is looked for again
    } finally {
      this.#isOpening = false;
    }
  }

  #written(bytes: Uint8Array, heard: ImprovListener): void {
    this.#cancelCut();
    for (const frame of this.#assembler.push(bytes)) heard(frame);
    if (!this.#assembler.isWaiting) return;
    this.#cancelCut = this.#timers.after(CUT_MS, () => {
      this.#assembler.reset();
      heard({ kind: "broken" });
    });
  }
}
