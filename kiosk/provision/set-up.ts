import { access, readFile, rm } from "node:fs/promises";
import type { Indicator } from "../../firmware/ports/indicator.ts";
import type { QrScanner } from "../../firmware/ports/qr-scanner.ts";
import type { SetupProgress, SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { KioskScreen } from "../screen/screen-port.ts";
import type { Provisioned, Provisioner } from "./provisioner.ts";
import { hasBundle } from "./write-bundle.ts";

export interface SetUpDeps {
  readonly provisioner: Pick<Provisioner, "device" | "take">;
  /** Where the bundle is to stand; one that another program puts there ends the set-up too. */
  readonly folder: string;
  /** A file that may hold a setup code, on the part of the card that any computer can write; empty: none. */
  readonly seedFile: string;
  readonly scanner: QrScanner;
  readonly screen: KioskScreen;
  readonly indicator: Indicator;
  readonly timers: Timers;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 1_000;
/** Reasons that pass by themselves: the code in the seed file is tried again, others are spent. */
const PASSING: readonly SetupRefusal[] = ["unreachable", "claim_busy", "clock"];

/**
 * What a kiosk without papers does: it waits for a setup code, from its own scanner, from the seed file, or for the bundle that
 * `kiosk provision` makes beside it. A code that is refused costs nothing: the next one is tried.
 */
export class SetUp {
  readonly #deps: SetUpDeps;
  #turn: Promise<void> = Promise.resolve();
  #isDone = false;
  #fault: unknown = null;
  #spentSeed = "";

  constructor(deps: SetUpDeps) {
    this.#deps = deps;
  }

  /**
   * @returns true when there is a bundle, false when `signal` ended the wait
   * @throws {NotPermittedError} KIOSK_NOT_PERMITTED when a bundle appears that belongs to another user
   */
  async run(signal: AbortSignal): Promise<boolean> {
    const { timers, scanner, screen } = this.#deps;
    const over = new AbortController();
    const stop = (): void => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#tell("waiting", null);
    const stopLooking = every(timers, LOOK_EVERY_MS, () => void this.#look(over));
    void this.#look(over);
    try {
      for await (const { bytes } of scanner.scans(over.signal, () => screen.click()))
        await this.#inTurn(async () => void (await this.#try(Buffer.from(bytes).toString("latin1"), over)));
    } finally {
      stopLooking();
      signal.removeEventListener("abort", stop);
      await this.#turn;
    }
    if (this.#fault !== null) throw this.#fault;
    return this.#isDone;
  }

  /** One attempt at a time: a scanner that reads twice must not spend a code twice. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work).catch((fault: unknown) => {
      this.#deps.logger.error("setup.failed", faultFields(fault));
      this.#tell("waiting", "bad_answer");
    });
    this.#turn = turn;
    return turn;
  }

  async #look(over: AbortController): Promise<void> {
    const { folder, scanner, screen } = this.#deps;
    screen.update({ scanner: { present: scanner.status().present } });
    await this.#inTurn(async () => {
      if (this.#isDone || over.signal.aborted) return;
      try {
        if (await hasBundle(folder)) return this.#finish(over);
      } catch (fault) {
        this.#fault = fault; // no code can mend it
        return over.abort();
      }
      await this.#trySeed(over);
    });
  }

  async #trySeed(over: AbortController): Promise<void> {
    const { seedFile } = this.#deps;
    if (seedFile === "" || !(await isReadable(seedFile))) return;
    const text = codeIn(await readFile(seedFile, "utf8"));
    if (text === "" || text === this.#spentSeed) return;
    const outcome = await this.#try(text, over);
    if (outcome?.kind === "refused" && PASSING.includes(outcome.reason)) return;
    this.#spentSeed = text; // where the file cannot be removed, it is not tried again in this run
    await rm(seedFile, { force: true }).catch(() => undefined);
  }

  async #try(text: string, over: AbortController): Promise<Provisioned | null> {
    if (this.#isDone || over.signal.aborted) return null;
    const { provisioner, logger, indicator } = this.#deps;
    this.#tell("enrolling", null);
    const outcome = await provisioner.take(text, over.signal);
    if (outcome.kind === "refused") {
      logger.warn("setup.refused", { reason: outcome.reason });
      indicator.show(outcome.reason === "not_setup" ? "unknown" : "denied");
      this.#tell("waiting", outcome.reason);
      return outcome;
    }
    logger.info("setup.done", { device: outcome.device, site: outcome.site });
    this.#finish(over);
    return outcome;
  }

  #finish(over: AbortController): void {
    this.#isDone = true;
    this.#deps.indicator.show("in");
    this.#tell("done", null);
    over.abort();
  }

  #tell(step: SetupProgress["step"], refusal: SetupRefusal | null): void {
    const { screen, provisioner } = this.#deps;
    screen.update({ setup: { device: provisioner.device, step, refusal } });
  }
}

/** The code among the lines of a seed file; those that begin with # are for people. */
function codeIn(file: string): string {
  const lines = file.split(/\r?\n/).map((line) => line.trim());
  return lines.find((line) => line !== "" && !line.startsWith("#")) ?? "";
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false; // no such file: an answer, not a fault
  }
}
