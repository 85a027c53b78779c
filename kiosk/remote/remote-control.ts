import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import { utf8 } from "../../protocol/bytes.ts";
import type { CommandResult, Refusal, RemoteSettings, Reported } from "../../protocol/mqtt/fleet.ts";
import type { RootLogger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { UplinkTransport } from "../uplink/transport.ts";
import { CommandDesk, type CommandRunner } from "./command-desk.ts";
import { memoryNote, type NoteStore } from "./note-store.ts";
import { SettingsKeeper } from "./settings-keeper.ts";

/** What a composition root gives a kiosk so that it can be looked after from afar. */
export interface RemoteDeps {
  /** Where the settings from afar and the ids of commands are kept; never beside the rows. */
  readonly settings: NoteStore;
  readonly commands: NoteStore;
  /** What the kiosk's own configuration says. */
  readonly local: RemoteSettings;
  /** Restarts the machine; resolves once that is certain to happen. */
  readonly reboot: CommandRunner;
  /** Makes a support bundle. */
  readonly bundle: CommandRunner;
}

/** What the rest of the kiosk offers. */
export interface RemoteHooks {
  readonly apply: (settings: RemoteSettings) => void;
  readonly identify: () => void;
  /** Begins to watch the kiosk's health. @returns a look: what has become worse since, or null */
  readonly watch: () => () => Refusal | null;
  readonly now: () => DeviceTime;
  readonly transport: Pick<UplinkTransport, "publish">;
  readonly timers: Timers;
  readonly logger: RootLogger;
}

/** A kiosk without anything to keep notes in, and without a machine to restart: the simulator's. */
export function forgetfulRemote(local: RemoteSettings = {}): RemoteDeps {
  const nothing: CommandRunner = () => Promise.resolve(undefined);
  return { settings: memoryNote(), commands: memoryNote(), local, reboot: nothing, bundle: nothing };
}

/** The kiosk's end of the fleet page: settings from afar and commands. Nothing in it can reach the ledger or the outbox. */
export class RemoteControl {
  readonly #settings: SettingsKeeper;
  readonly #commands: CommandDesk;

  constructor(deps: RemoteDeps, hooks: RemoteHooks) {
    const { transport, timers } = hooks;
    const logger = hooks.logger.child("remote");
    const say = (leaf: "reported" | `cmd-result/${string}`, value: Reported | CommandResult): Promise<void> =>
      transport
        .publish(leaf, utf8(JSON.stringify(value)), { qos: 1, retain: leaf === "reported" })
        .catch(() => undefined); // offline: said at the next connection, or asked for again
    this.#settings = new SettingsKeeper({
      store: deps.settings,
      local: deps.local,
      apply: hooks.apply,
      watch: hooks.watch,
      report: (reported) => void say("reported", reported),
      timers,
      logger,
    });
    this.#commands = new CommandDesk({
      store: deps.commands,
      now: hooks.now,
      logger,
      answer: (id, result) => say(`cmd-result/${id}`, result),
      run: { identify: async () => void hooks.identify(), reboot: deps.reboot, bundle: deps.bundle },
    });
  }

  /** Puts the settings in force that were so before the restart. */
  async open(): Promise<void> {
    await this.#commands.open();
    await this.#settings.open();
  }

  /** The gateway is there (again). */
  connected(): void {
    this.#settings.announce();
  }

  /** Takes a message on `desired` or `cmd/<name>`. @returns false when it is neither, or not of its form */
  async received(leaf: string, payload: Uint8Array): Promise<boolean> {
    const message = readJson(payload);
    if (leaf.startsWith("cmd/")) return this.#commands.take(leaf.slice("cmd/".length), message);
    if (leaf !== "desired") return false;
    await this.#settings.desired(message);
    return true;
  }

  async close(): Promise<void> {
    await this.#commands.close();
    await this.#settings.close();
  }
}

/** Undefined when the bytes are not JSON: no schema accepts that. */
function readJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}
