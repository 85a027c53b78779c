import { Value } from "@sinclair/typebox/value";
import { utf8 } from "../../protocol/bytes.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { type Command, type CommandName, CommandResult, type Desired, Reported } from "../../protocol/mqtt/fleet.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Logger } from "../../runtime/log.ts";
import { every, type Timers } from "../../runtime/timers.ts";
import type { DeviceBroker } from "../broker/device-broker.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import { UnknownDeviceError } from "../registry/site-registry.ts";
import type { Counters } from "../status/counters.ts";
import type { CommandEntry, FleetStore, SettingsPatch } from "./fleet-store.ts";

export interface FleetDeskDeps {
  readonly store: FleetStore;
  readonly registry: Pick<SiteRegistry, "find">;
  readonly broker: Pick<DeviceBroker, "send">;
  readonly counters: Counters;
  readonly now: () => WallMs;
  readonly timers: Timers;
  /** Default {@link LOOK_EVERY_MS}. */
  readonly lookEveryMs?: number;
  readonly log: Logger;
}

/** How soon what the command line entered beside the running gateway takes effect, milliseconds. */
export const LOOK_EVERY_MS = 1_000;

/** Tells kiosks what they shall be set to and what to do, and hears what became of it. */
export class FleetDesk {
  readonly store: FleetStore;
  readonly #deps: FleetDeskDeps;
  readonly #sentDesired = new Map<DeviceId, number>();
  readonly #sentCommands = new Set<string>();
  /** What kiosks said since the last commit: the last word of each, so that a kiosk that floods costs one row a second. */
  readonly #said = new Map<DeviceId, Reported>();
  readonly #refused = new Map<DeviceId, number>();
  #version = "";
  #stop = (): void => {};
  #looking: Promise<void> = Promise.resolve();
  #isLookDue = false;

  constructor(deps: FleetDeskDeps) {
    this.#deps = deps;
    this.store = deps.store;
  }

  /** Begins to look for orders. */
  open(): void {
    this.#stop = every(this.#deps.timers, this.#deps.lookEveryMs ?? LOOK_EVERY_MS, () => {
      if (this.#said.size > 0) void this.#save();
      void this.look();
    });
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#save();
    await this.#looking;
  }

  /** Sends what was entered since the last look. */
  look(): Promise<void> {
    if (this.#isLookDue) return this.#looking; // a thousand kiosks that come back at once are one look
    this.#isLookDue = true;
    this.#looking = this.#looking
      .then(() => {
        this.#isLookDue = false;
        return this.#send();
      })
      .catch((fault: unknown) => this.#deps.counters.fault("fleet.store_failed", fault));
    return this.#looking;
  }

  /** A kiosk listens to `desired` or to its commands from now on: it gets what it may have missed. */
  subscribed(device: DeviceId, leaf: string): void {
    if (leaf === "desired") this.#sentDesired.delete(device);
    else if (leaf === "cmd/+")
      this.#sentCommands.clear(); // a kiosk does each id once, so more than needed does no harm
    else return;
    this.#version = "";
    void this.look();
  }

  /** Handles `reported` and `cmd-result/<id>`. @returns false when the message is not of its form */
  async published(device: DeviceId, leaf: string, message: unknown): Promise<boolean> {
    const { store, now, counters } = this.#deps;
    if (leaf === "reported") {
      if (!Value.Check(Reported, message)) return false;
      const { refused } = message;
      if (refused && this.#refused.get(device) !== refused.version) {
        this.#refused.set(device, refused.version);
        counters.count("settings.not_kept", { device, reason: refused.reason });
      }
      this.#said.set(device, Value.Clean(Reported, message) as Reported);
      return true;
    }
    if (!Value.Check(CommandResult, message)) return false;
    return store.answered(device, leaf.slice("cmd-result/".length), message, now());
  }

  /** Tells a kiosk to do something. @throws {UnknownDeviceError} GW_UNKNOWN_DEVICE, {TooManyCommandsError} GW_TOO_MANY_COMMANDS */
  async command(operator: string, device: DeviceId, name: CommandName): Promise<CommandEntry> {
    await this.#requireLive(device);
    const entry = await this.store.command(device, name, this.#deps.now());
    await this.audit(operator, name, device);
    await this.look();
    return entry;
  }

  /** Changes a kiosk's settings. @throws {UnknownDeviceError} GW_UNKNOWN_DEVICE, {FleetSettingError} GW_SETTING */
  async configure(operator: string, device: DeviceId, patch: SettingsPatch): Promise<Desired> {
    await this.#requireLive(device);
    const desired = await this.store.configure(device, patch, this.#deps.now());
    await this.audit(operator, "configure", device, Object.keys(patch).join(" "));
    await this.look();
    return desired;
  }

  /** Writes down who did what, here and in the log. */
  async audit(operator: string, action: string, device: DeviceId | null, detail = ""): Promise<void> {
    this.#deps.log.info("audit", { operator, action, ...(device !== null && { device }), detail });
    await this.store.audit({ atMs: this.#deps.now(), operator, action, device, detail });
  }

  async #save(): Promise<void> {
    if (this.#said.size === 0) return;
    const said = new Map(this.#said);
    this.#said.clear();
    try {
      await this.#deps.store.saveReported(said, this.#deps.now());
    } catch (fault) {
      this.#deps.counters.fault("fleet.store_failed", fault); // the kiosk says it again when it reconnects
    }
  }

  async #requireLive(device: DeviceId): Promise<void> {
    const known = await this.#deps.registry.find(device);
    if (!known || known.revokedAt !== null) throw new UnknownDeviceError("no live device of this name", { device });
  }

  async #send(): Promise<void> {
    const { store, broker, now } = this.#deps;
    const version = await store.version();
    if (version === this.#version) return;
    this.#version = version;
    for (const [device, desired] of await store.allDesired()) {
      if (this.#sentDesired.get(device) === desired.version) continue;
      this.#sentDesired.set(device, desired.version);
      broker.send(device, "desired", utf8(JSON.stringify(desired)), { retain: true });
    }
    const open = await store.openCommands(now());
    for (const { id, device, name, expiresMs } of open) {
      if (this.#sentCommands.has(id)) continue;
      this.#sentCommands.add(id);
      const command: Command = { id, expiresMs };
      broker.send(device, `cmd/${name}`, utf8(JSON.stringify(command)));
    }
    const live = new Set(open.map(({ id }) => id));
    for (const id of this.#sentCommands) if (!live.has(id)) this.#sentCommands.delete(id);
  }
}
