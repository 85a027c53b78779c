import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import {
  COMMAND_MEMORY_MS,
  COMMANDS,
  Command,
  type CommandName,
  type CommandResult,
} from "../../protocol/mqtt/fleet.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";
import { atMost, type NoteStore, readNote } from "./note-store.ts";

/** Ids remembered at most, should somebody send commands without end; the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000;

const Remembered = Type.Object({
  id: Type.String(),
  name: Type.Union(COMMANDS.map((name) => Type.Literal(name))),
  /** Wall clock when it came; 0 while that was not known. */
  atMs: Type.Number(),
  outcome: Type.String(),
  fault: Type.Optional(Type.String()),
});
type Remembered = Static<typeof Remembered>;
const Note = atMost(Remembered, MAX_REMEMBERED);

/** Does what one command asks. @returns data for the result, if there is any */
export type CommandRunner = () => Promise<{ readonly data?: string } | undefined>;

export interface CommandDeskDeps {
  readonly store: NoteStore;
  readonly run: Readonly<Record<CommandName, CommandRunner>>;
  readonly now: () => DeviceTime;
  readonly answer: (id: string, result: CommandResult) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Does commands, each id once: it is written down before it is done, so neither a repeated message nor a restart does it again.
 * A command that the kiosk did not survive is answered `interrupted` when it comes again.
 */
export class CommandDesk {
  readonly #deps: CommandDeskDeps;
  #remembered: Remembered[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: CommandDeskDeps) {
    this.#deps = deps;
  }

  async open(): Promise<void> {
    this.#remembered = (await readNote(this.#deps.store, Note)) ?? [];
  }

  /** Takes a message on `cmd/<name>`. @returns false when it is no command of ours */
  async take(name: string, message: unknown): Promise<boolean> {
    if (!isCommand(name) || !Value.Check(Command, message)) return false;
    this.#turn = this.#turn
      .then(() => this.#once(name, message))
      .catch((fault: unknown) => this.#deps.logger.error("command.store_failed", faultFields(fault)));
    await this.#turn;
    return true;
  }

  /** Resolves when no command is under way. */
  async close(): Promise<void> {
    await this.#turn;
  }

  async #once(name: CommandName, { id, expiresMs }: Command): Promise<void> {
    const known = this.#remembered.find((one) => one.id === id);
    if (known) return this.#deps.answer(id, resultOf(known));
    const now = this.#deps.now();
    const isTimeKnown = now.state !== "unsynced";
    const entry: Remembered = { id, name, atMs: isTimeKnown ? now.wallMs : 0, outcome: "interrupted" };
    if (isTimeKnown && now.wallMs > expiresMs) entry.outcome = "expired";
    await this.#remember(entry);
    const data = entry.outcome === "expired" ? undefined : await this.#do(entry);
    await this.#write();
    await this.#deps.answer(id, { ...resultOf(entry), ...(data !== undefined && { data }) });
  }

  async #do(entry: Remembered): Promise<string | undefined> {
    this.#deps.logger.info("command.begun", { name: entry.name });
    try {
      const made = await this.#deps.run[entry.name as CommandName]();
      entry.outcome = "done";
      return made?.data;
    } catch (fault) {
      this.#deps.logger.error("command.failed", { name: entry.name, ...faultFields(fault) });
      entry.outcome = "failed";
      const { fault: code } = faultFields(fault);
      if (typeof code === "string" && /^[A-Z0-9_]{1,48}$/.test(code)) entry.fault = code;
      return undefined;
    }
  }

  async #remember(entry: Remembered): Promise<void> {
    const oldest = entry.atMs - COMMAND_MEMORY_MS;
    const fresh = this.#remembered.filter(({ atMs }) => entry.atMs === 0 || atMs === 0 || atMs >= oldest);
    this.#remembered = [...fresh.slice(1 - MAX_REMEMBERED), entry];
    await this.#write();
  }

  #write(): Promise<void> {
    return this.#deps.store.write(JSON.stringify(this.#remembered));
  }
}

function isCommand(name: string): name is CommandName {
  return (COMMANDS as readonly string[]).includes(name);
}

function resultOf({ name, outcome, fault }: Remembered): CommandResult {
  return { name, outcome: outcome as CommandResult["outcome"], ...(fault !== undefined && { fault }) } as CommandResult;
}
