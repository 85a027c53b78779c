import type { BootId, DeviceId } from "../../protocol/ids.ts";
import { type Admission, type DeviceBroker, type DeviceSession, UNKNOWN_BOOT } from "./device-broker.ts";

/** How long an old session has to show that it lives before another machine takes its place, milliseconds. */
export const PROBE_MS = 5_000;

/** Boot ids of a device that are remembered, to notice one that comes back. */
const PAST_BOOTS = 16;

export interface SessionDeskDeps {
  readonly broker: Pick<DeviceBroker, "probe">;
  readonly probeMs: number;
  /** Two machines seem to use one device's identity: a copied card, or a restored one. */
  readonly cloneSuspected: (device: DeviceId) => void;
}

/**
 * Decides which session of a device may live.
 *
 * The same boot id is the same machine on a new connection: it takes over at once. Another boot id waits until the old session was
 * asked for a sign of life: if it gives one, two machines run with one identity, and the newcomer is refused; else the device has
 * restarted. A boot id that comes back after another took its place cannot be a restart: that is alarmed too, and admitted by the
 * same rule, since refusing would leave a door without a gateway.
 */
export class SessionDesk {
  readonly #deps: SessionDeskDeps;
  readonly #current = new Map<DeviceId, DeviceSession>();
  readonly #past = new Map<DeviceId, BootId[]>();
  readonly #queues = new Map<DeviceId, Promise<unknown>>();

  constructor(deps: SessionDeskDeps) {
    this.#deps = deps;
  }

  /** Sessions alive now. */
  get sessions(): readonly DeviceSession[] {
    return [...this.#current.values()];
  }

  current(device: DeviceId): DeviceSession | undefined {
    return this.#current.get(device);
  }

  /** One decision a device at a time; an admitted session is the device's current one from here on. */
  async admit(session: DeviceSession): Promise<Admission> {
    const before = this.#queues.get(session.device) ?? Promise.resolve();
    const turn = before.then(() => this.#decide(session));
    this.#queues.set(session.device, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(session.device) === turn) this.#queues.delete(session.device);
    }
  }

  /** A session ended; nothing happens when another has already taken its place. */
  closed(session: DeviceSession): void {
    if (this.#current.get(session.device) === session) this.#current.delete(session.device);
  }

  async #decide(session: DeviceSession): Promise<Admission> {
    const { device, boot } = session;
    const old = this.#current.get(device);
    const isOther = old !== undefined && old.boot !== boot && old.boot !== UNKNOWN_BOOT && boot !== UNKNOWN_BOOT;
    if (isOther && (await this.#lives(old))) {
      this.#deps.cloneSuspected(device);
      return { kind: "refused", reason: "clone" };
    }
    this.#note(device, boot);
    this.#current.set(device, session);
    return { kind: "admitted" };
  }

  async #lives(old: DeviceSession): Promise<boolean> {
    const alive = await this.#deps.broker.probe(old, this.#deps.probeMs);
    return alive && this.#current.get(old.device) === old;
  }

  #note(device: DeviceId, boot: BootId): void {
    if (boot === UNKNOWN_BOOT) return;
    const past = this.#past.get(device) ?? [];
    if (past.at(-1) === boot) return;
    if (past.includes(boot)) this.#deps.cloneSuspected(device);
    this.#past.set(device, [...past.filter((known) => known !== boot), boot].slice(-PAST_BOOTS));
  }
}
