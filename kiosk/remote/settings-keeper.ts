import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Desired, type Refusal, type RemoteSettings, type Reported } from "../../protocol/mqtt/fleet.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import { type NoteStore, readNote } from "./note-store.ts";

/** How long a new configuration must prove itself, and how often that is looked at, milliseconds. */
const TRIAL_MS = 120_000;
const CHECK_MS = 5_000;
/** A power cut may fall into a trial; a second start within it means that the configuration does not let the kiosk live. */
const MAX_STARTS = 1;

const Note = Type.Object({
  /** The newest that proved itself. */
  good: Type.Union([Desired, Type.Null()]),
  trial: Type.Union([Type.Object({ desired: Desired, starts: Type.Integer({ minimum: 0 }) }), Type.Null()]),
  refused: Type.Union([Type.Object({ version: Type.Integer(), reason: Type.String() }), Type.Null()]),
});
type Note = Static<typeof Note>;

export interface SettingsKeeperDeps {
  readonly store: NoteStore;
  /** What the kiosk's own configuration says; a desired setting goes before it. */
  readonly local: RemoteSettings;
  /** Puts settings in force at once. May throw: then the ones before come back. */
  readonly apply: (settings: RemoteSettings) => void;
  /** Begins to watch the kiosk's health. @returns a look: what has become worse since, or null */
  readonly watch: () => () => Refusal | null;
  readonly report: (reported: Reported) => void;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Holds what a kiosk is set to from afar. A new configuration is written down, put in force and watched; when the kiosk does worse
 * under it, or starts twice within the trial, the one before comes back and the gateway is told why.
 *
 * Nothing in here knows of the ledger or the outbox.
 */
export class SettingsKeeper {
  readonly #deps: SettingsKeeperDeps;
  #note: Note = { good: null, trial: null, refused: null };
  #stopTrial = (): void => {};
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: SettingsKeeperDeps) {
    this.#deps = deps;
  }

  /** Puts in force what was in force before the restart. */
  async open(): Promise<void> {
    this.#note = (await readNote(this.#deps.store, Note)) ?? this.#note;
    const { trial } = this.#note;
    if (!trial) return this.#applyNow();
    if (trial.starts >= MAX_STARTS) return this.#revert(trial.desired, "restarted");
    await this.#try({ desired: trial.desired, starts: trial.starts + 1 });
  }

  /** Says again what is in force; call it on every connection. */
  announce(): void {
    this.#deps.report(this.reported);
  }

  get reported(): Reported {
    const { good, trial, refused } = this.#note;
    return {
      version: good?.version ?? 0,
      state: trial ? "trial" : "settled",
      ...(trial && { trialVersion: trial.desired.version }),
      ...(refused && { refused: { version: refused.version, reason: refused.reason as Refusal } }),
      settings: this.#inForce,
    };
  }

  /** Takes a `desired` message. One that was seen before is only answered. */
  desired(message: unknown): Promise<void> {
    return this.#inTurn(() => this.#take(message));
  }

  /** Ends the trial's clock; the trial goes on at the next start. */
  async close(): Promise<void> {
    this.#stopTrial();
    await this.#turn;
  }

  get #inForce(): RemoteSettings {
    const { good, trial } = this.#note;
    return { ...this.#deps.local, ...(trial?.desired ?? good)?.settings };
  }

  async #take(message: unknown): Promise<void> {
    if (!Value.Check(Desired, message)) return this.#refuse(versionOf(message), "malformed");
    if (message.version > this.#seen) await this.#try({ desired: message, starts: 0 });
    else this.announce();
  }

  /** Highest version that was tried, kept or refused. */
  get #seen(): number {
    const { good, trial, refused } = this.#note;
    return Math.max(good?.version ?? 0, trial?.desired.version ?? 0, refused?.version ?? 0);
  }

  async #refuse(version: number | null, reason: Refusal): Promise<void> {
    this.#deps.logger.warn("settings.refused", { reason });
    if (version !== null && version > this.#seen) await this.#keep({ ...this.#note, refused: { version, reason } });
    this.announce();
  }

  async #try(trial: NonNullable<Note["trial"]>): Promise<void> {
    this.#stopTrial();
    await this.#keep({ ...this.#note, trial });
    const look = this.#deps.watch();
    try {
      this.#deps.apply(this.#inForce);
    } catch (fault) {
      this.#deps.logger.error("settings.not_applied", faultFields(fault));
      return this.#revert(trial.desired, "not_applied");
    }
    this.#deps.logger.info("settings.trial", { version: trial.desired.version });
    this.announce();
    let checks = Math.ceil(TRIAL_MS / CHECK_MS);
    this.#stopTrial = every(this.#deps.timers, CHECK_MS, () => {
      const reason = look();
      checks -= 1;
      if (reason === null && checks > 0) return;
      this.#stopTrial();
      void this.#inTurn(() => (reason === null ? this.#settle(trial.desired) : this.#revert(trial.desired, reason)));
    });
  }

  async #settle(desired: Desired): Promise<void> {
    if (this.#note.trial?.desired.version !== desired.version) return;
    await this.#keep({ good: desired, trial: null, refused: null });
    this.#deps.logger.info("settings.settled", { version: desired.version });
    this.announce();
  }

  async #revert(desired: Desired, reason: Refusal): Promise<void> {
    if (this.#note.trial?.desired.version !== desired.version) return;
    this.#stopTrial();
    await this.#keep({ ...this.#note, trial: null, refused: { version: desired.version, reason } });
    this.#deps.logger.error("settings.reverted", { version: desired.version, reason });
    this.#applyNow();
    this.announce();
  }

  #applyNow(): void {
    try {
      this.#deps.apply(this.#inForce);
    } catch (fault) {
      this.#deps.logger.error("settings.not_applied", faultFields(fault)); // the door works with what it has
    }
  }

  async #keep(note: Note): Promise<void> {
    this.#note = note;
    await this.#deps.store.write(JSON.stringify(note));
  }

  /** One change at a time; a failing disk is logged, and what is in memory goes on. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn
      .then(change)
      .catch((fault: unknown) => this.#deps.logger.error("settings.store_failed", faultFields(fault)));
    return this.#turn;
  }
}

function versionOf(message: unknown): number | null {
  const version = typeof message === "object" && message !== null && "version" in message ? message.version : null;
  return Value.Check(Desired.properties.version, version) ? version : null;
}
