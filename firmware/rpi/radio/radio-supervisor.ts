import { type ChildProcess, fork } from "node:child_process";
import { faultFields, type Logger } from "../../../runtime/log.ts";
import { packageFile } from "../../../runtime/package-paths.ts";
import { every, type Timers } from "../../../runtime/timers.ts";
import { RadioLostError } from "../../ports/beacon.ts";
import type { ImprovCentral, ImprovValues } from "../../ports/improv.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import { MISSING_RADIO } from "./load-bluetooth.ts";
import { type FromRadio, type HeardMessage, parseFromRadio, type ToRadio } from "./radio-messages.ts";
import { RestartBudget } from "./restart-budget.ts";

/** Entry of the radio process, compiled. */
export const RADIO_PROCESS = "dist/firmware/rpi/radio/radio-process.js";
/** A process that said nothing for so long hangs, milliseconds; it reports every second. */
const SILENCE_MS = 10_000;
const LOOK_MS = 2_000;
/** Wait for an answer, milliseconds; the process itself waits three seconds for its controller. */
const ANSWER_MS = 8_000;
/** Wait before looking again for an adapter that is not there, milliseconds. */
const MISSING_AGAIN_MS = 60_000;
const STARTING: DeviceStatus = { present: false, reason: "the radio process is starting" };
const DOWN: DeviceStatus = { present: false, reason: "the radio process ended and is started again" };

export interface RadioSupervisorOptions {
  /** Number n of hciN to send with; null: none. */
  readonly sendAdapter: number | null;
  readonly listenAdapter: number | null;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** Full path of the entry; default {@link RADIO_PROCESS}. */
  readonly entry?: string;
}

/** How the parts of the radio are. */
export interface RadioStatus {
  readonly beacon: DeviceStatus;
  readonly observer: DeviceStatus;
  readonly improv: DeviceStatus;
}

const allOf = (status: DeviceStatus): RadioStatus => ({ beacon: status, observer: status, improv: status });

interface Waiting {
  readonly settle: (lost: string | null) => void;
}

/** Keeps the radio process running: started again when it dies, killed when it falls silent, less often when it never stops failing. */
export class RadioSupervisor {
  readonly #options: RadioSupervisorOptions;
  readonly #budget = new RestartBudget();
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  #lastWordMs = 0;
  #nextId = 0;
  #listening = false;
  /** Counts the times of listening: what was on its way when one ended belongs to no other. */
  #turn = 0;
  #closed = false;
  #cancelRestart = (): void => {};
  #stopLooking = (): void => {};
  #status: RadioStatus = allOf(STARTING);
  /** Gets what was heard while it listens. */
  onHeard = (_sightings: readonly HeardMessage[]): void => {};
  /** Gets what a central does while Improv is open. */
  central: ImprovCentral | null = null;

  constructor(options: RadioSupervisorOptions) {
    this.#options = options;
  }

  open(): void {
    this.#start();
    this.#stopLooking = every(this.#options.timers, LOOK_MS, () => this.#look());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelRestart();
    this.#stopLooking();
    const child = this.#child;
    this.#lost({ present: false, reason: "the radio was switched off" });
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (child.connected) child.disconnect(); // on which it exits
    const cancel = this.#options.timers.after(2_000, () => child.kill("SIGKILL"));
    await gone;
    cancel();
  }

  /** Process number of the radio process; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get status(): RadioStatus {
    return this.#status;
  }

  /** @throws {RadioLostError} FW_RADIO_LOST when there is no process, or it refuses */
  async advertise(payload: Uint8Array): Promise<void> {
    const lost = await this.#ask((id) => ({ kind: "advertise", id, payload }));
    if (lost !== null) throw new RadioLostError(lost);
  }

  async silence(): Promise<void> {
    await this.#ask((id) => ({ kind: "silence", id }));
  }

  /** @throws {RadioLostError} FW_RADIO_LOST when there is no process, or it refuses */
  async openImprov(values: ImprovValues): Promise<void> {
    const lost = await this.#ask((id) => ({ kind: "improv_open", id, values }));
    if (lost !== null) throw new RadioLostError(lost);
  }

  tellImprov(what: "state" | "error" | "result", bytes: Uint8Array): void {
    this.#send({ kind: "improv_tell", what, bytes });
  }

  async closeImprov(): Promise<void> {
    await this.#ask((id) => ({ kind: "improv_close", id }));
  }

  /** Listens until told otherwise, also in processes that start later. */
  listen(on: boolean): void {
    this.#listening = on;
    if (on) this.#turn += 1;
    this.#send({ kind: "listen", on, turn: this.#turn });
  }

  #start(): void {
    const { sendAdapter, listenAdapter, entry, logger } = this.#options;
    const adapters = [sendAdapter, listenAdapter].map((adapter) => (adapter === null ? "-" : String(adapter)));
    this.#status = allOf(STARTING);
    // its output is the drivers', and names addresses
    const child = fork(entry ?? packageFile(RADIO_PROCESS), adapters, {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    this.#child = child;
    this.#lastWordMs = this.#options.monotonicMs();
    let againMs: number | null = null;
    let over = false;
    child.on("message", (message) => {
      const word = parseFromRadio(message);
      if (!word || this.#child !== child) return;
      this.#lastWordMs = this.#options.monotonicMs();
      if (word.kind === "missing") againMs = MISSING_AGAIN_MS;
      this.#heard(word);
    });
    const ended = (): void => {
      if (over) return;
      over = true;
      if (this.#child === child) this.#again(againMs);
    };
    child.once("exit", ended);
    child.on("error", (fault) => {
      logger.warn("radio.process_fault", faultFields(fault));
      if (child.pid === undefined) ended();
    });
    if (this.#listening) this.#send({ kind: "listen", on: true, turn: this.#turn });
  }

  #heard(word: FromRadio): void {
    if (word.kind === "status") this.#status = word;
    if (word.kind === "improv_written") this.central?.written(word.bytes);
    if (word.kind === "improv_room") this.central?.room(word.bytes);
    if (word.kind === "improv_left") this.central?.left();
    if (word.kind === "heard" && this.#listening && word.turn === this.#turn) this.onHeard(word.sightings);
    if (word.kind === "done") this.#waiting.get(word.id)?.settle(word.lost);
    if (word.kind === "missing") {
      this.#status = allOf({ present: false, reason: MISSING_RADIO[word.why] });
    }
  }

  #again(missingMs: number | null): void {
    if (this.#closed) return;
    const waitMs = missingMs ?? this.#budget.failed(this.#options.monotonicMs());
    this.#lost(missingMs === null ? DOWN : this.#status.beacon);
    this.#options.logger.warn("radio.process_ended", { restartMs: waitMs, adapter: missingMs === null });
    this.#cancelRestart = this.#options.timers.after(waitMs, () => this.#start());
  }

  #lost(status: DeviceStatus): void {
    this.#child = null;
    this.#status = allOf(status);
    this.central?.left();
    for (const { settle } of this.#waiting.values()) settle(status.present ? null : status.reason);
  }

  #look(): void {
    if (this.#child && this.#options.monotonicMs() - this.#lastWordMs > SILENCE_MS) {
      this.#options.logger.warn("radio.process_silent", {});
      this.#child.kill("SIGKILL");
    }
  }

  /** @returns why it was not done; null when it was */
  #ask(message: (id: number) => ToRadio): Promise<string | null> {
    const { beacon } = this.#status;
    const id = this.#nextId;
    this.#nextId += 1;
    if (!this.#child) return Promise.resolve(beacon.present ? null : beacon.reason);
    return new Promise((resolve) => {
      const settle = (lost: string | null): void => {
        cancel();
        this.#waiting.delete(id);
        resolve(lost);
      };
      const cancel = this.#options.timers.after(ANSWER_MS, () => settle("the radio process did not answer"));
      this.#waiting.set(id, { settle });
      this.#send(message(id));
    });
  }

  #send(message: ToRadio): void {
    if (!this.#child?.connected) return;
    this.#child.send(message, () => undefined); // a channel that closes meanwhile is seen as the end of the process
  }
}
