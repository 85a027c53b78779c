/**
 * The radio's own process: drivers that may hang, leak or die do so here, and scanning goes on. Started by the kiosk with an IPC channel.
 *
 * Arguments: the adapter to send with, the adapter to listen with, each a number or `-`.
 */
import type { BoottimeMs } from "../../../protocol/units.ts";
import { EXIT } from "../../../runtime/lifecycle.ts";
import { every, systemTimers } from "../../../runtime/timers.ts";
import { RadioLostError } from "../../ports/beacon.ts";
import type { ImprovCentral } from "../../ports/improv.ts";
import type { DeviceStatus } from "../../ports/qr-scanner.ts";
import { BlenoBeacon } from "./bleno-beacon.ts";
import { BlenoImprov } from "./bleno-improv.ts";
import { loadBleno, loadNoble, MISSING_RADIO, type MissingRadio } from "./load-bluetooth.ts";
import { NobleObserver } from "./noble-observer.ts";
import { type FromRadio, parseToRadio, type ToRadio } from "./radio-messages.ts";
import { SightingFold } from "./sighting-fold.ts";
import { watchStuck } from "./stuck-watch.ts";

const STATUS_MS = 1_000;
const FLUSH_MS = 200;
const IMPROV_OPEN: DeviceStatus = { present: false, reason: "a set-up by Bluetooth is open" };
const NOT_ASKED: DeviceStatus = { present: false, reason: "not configured" };

const nowMs = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
const tell = (message: FromRadio): void => {
  if (process.connected) process.send?.(message);
};

/** Ends the process after its last words have left it. */
function giveUp(why: MissingRadio): void {
  process.send?.({ kind: "missing", why } satisfies FromRadio, () => process.exit(EXIT.unavailable));
}

function adapterOf(text: string | undefined): number | null {
  return text === undefined || text === "-" ? null : Number.parseInt(text, 10);
}

/** The supervisor starts this process again; nothing less wakes a stack that waits for ever. */
function startAgain(): never {
  process.exit(EXIT.bug);
}

/** What shares one bleno. */
interface Sender {
  readonly beacon: BlenoBeacon;
  readonly improv: BlenoImprov;
  status(): DeviceStatus;
}

function openSender(adapter: number | null): Half<Sender> {
  if (adapter === null) return null;
  const loaded = loadBleno(adapter);
  if (loaded.kind === "missing") return loaded.why;
  const beacon = new BlenoBeacon(loaded.driver, { timers: systemTimers, onHung: startAgain });
  const missing = beacon.open();
  if (missing === null) watchStuck(loaded.driver, systemTimers, startAgain);
  const improv = new BlenoImprov(loaded.driver, beacon, systemTimers);
  return missing ?? { beacon, improv, status: () => (improv.isOpen ? IMPROV_OPEN : beacon.status()) };
}

function openObserver(adapter: number | null): Half<NobleObserver> {
  if (adapter === null) return null;
  const loaded = loadNoble(adapter);
  if (loaded.kind === "missing") return loaded.why;
  const observer = new NobleObserver(loaded.driver, { timers: systemTimers, boottime: nowMs });
  const missing = observer.open();
  if (missing === null) watchStuck(loaded.driver, systemTimers, startAgain);
  return missing ?? observer;
}

/** Listens while it is told to; what is heard goes out folded, five times a second. */
class Ear {
  readonly #observer: NobleObserver;
  readonly #fold = new SightingFold();
  #stop: AbortController | null = null;
  #turn = 0;

  constructor(observer: NobleObserver) {
    this.#observer = observer;
  }

  listen(on: boolean, turn: number): void {
    this.#stop?.abort();
    this.#turn = turn;
    this.#fold.take(nowMs()); // of the time before
    this.#stop = on ? new AbortController() : null;
    if (this.#stop) void this.#run(this.#stop.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const stopFlushing = every(systemTimers, FLUSH_MS, () => this.#flush());
    for await (const sighting of this.#observer.sightings(signal)) this.#fold.add(sighting);
    stopFlushing();
    this.#fold.take(nowMs());
  }

  #flush(): void {
    const sightings = this.#fold.take(nowMs());
    if (sightings.length > 0) tell({ kind: "heard", turn: this.#turn, sightings });
  }
}

/** A driver that is there, one that nobody asked for, or why it is not there. */
type Half<Driver> = Driver | null | MissingRadio;

function statusOf(half: Half<{ status(): DeviceStatus }>): DeviceStatus {
  if (half === null) return NOT_ASKED;
  return typeof half === "string" ? { present: false, reason: MISSING_RADIO[half] } : half.status();
}

const CENTRAL: ImprovCentral = {
  written: (bytes) => tell({ kind: "improv_written", bytes }),
  room: (bytes) => tell({ kind: "improv_room", bytes }),
  left: () => tell({ kind: "improv_left" }),
};

/** What the kiosk asked of the sender; the beacon rests while Improv is open. */
async function send({ beacon, improv }: Sender, message: ToRadio): Promise<void> {
  if (message.kind === "improv_open") await improv.open(message.values, CENTRAL);
  if (message.kind === "improv_close") await improv.close();
  if (message.kind === "advertise" && improv.isOpen) throw new RadioLostError("a set-up by Bluetooth is open");
  if (message.kind === "advertise") await beacon.advertise(message.payload);
  if (message.kind === "silence" && !improv.isOpen) await beacon.stop();
}

function serve(half: Half<Sender>, listener: Half<NobleObserver>): void {
  const sender = typeof half === "string" ? null : half;
  const ear = listener === null || typeof listener === "string" ? null : new Ear(listener);
  const report = (): void => {
    const improv = sender ? sender.improv.status() : statusOf(half);
    tell({ kind: "status", beacon: statusOf(half), observer: statusOf(listener), improv });
  };
  const answer = async (id: number, act: Promise<void> | undefined): Promise<void> => {
    let lost: string | null = null;
    try {
      await act;
    } catch (fault) {
      lost = fault instanceof RadioLostError ? fault.message : "the radio refused";
    }
    report();
    tell({ kind: "done", id, lost });
  };
  process.on("message", (received) => {
    const message = parseToRadio(received);
    if (message && "id" in message) void answer(message.id, sender ? send(sender, message) : undefined);
    if (message?.kind === "improv_tell") sender?.improv.tell(message.what, message.bytes);
    if (message?.kind === "listen") ear?.listen(message.on, message.turn);
  });
  setInterval(report, STATUS_MS);
  report();
}

const [sendAdapter, listenAdapter] = process.argv.slice(2).map(adapterOf);
process.on("disconnect", () => process.exit(EXIT.ok));
const sender = openSender(sendAdapter ?? null);
const observer = openObserver(listenAdapter ?? null);
// Ctrl-C reaches the whole group: the kiosk closes us. The drivers would exit with a fault if theirs were the last listeners.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(EXIT.ok));
const missing = [sender, observer].find((half) => typeof half === "string");
const isWhole = [sender, observer].some((half) => half !== null && typeof half !== "string");
if (missing !== undefined && !isWhole) giveUp(missing as MissingRadio);
else serve(sender, observer);
