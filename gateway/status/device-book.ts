import { Value } from "@sinclair/typebox/value";
import type { DeviceId } from "../../protocol/ids.ts";
import { DeviceHealth, DeviceState } from "../../protocol/mqtt/messages.ts";
import type { WallMs } from "../../protocol/units.ts";

/** What the gateway has heard of one device since it started. */
export interface DeviceView {
  readonly device: DeviceId;
  readonly connected: boolean;
  readonly lastSeenAt: WallMs | null;
  /** As the device says; `offline` also comes from its last will. */
  readonly status: DeviceState["status"] | null;
  readonly health: DeviceHealth | null;
  /** Its clock minus the gateway's, as of its last health message, milliseconds; null while it does not know the time. */
  readonly clockOffsetMs: number | null;
}

type Entry = { -readonly [Key in keyof DeviceView]: DeviceView[Key] };

/** Keeps the last state and health that each device told; only admitted devices are ever entered, so it is bounded by the registry. */
export class DeviceBook {
  readonly #entries = new Map<DeviceId, Entry>();

  /** Devices heard of, by name. */
  get devices(): readonly DeviceView[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry })).sort((a, b) => (a.device < b.device ? -1 : 1));
  }

  connection(device: DeviceId, connected: boolean, atMs: WallMs): void {
    const entry = this.#of(device);
    entry.connected = connected;
    entry.lastSeenAt = atMs;
  }

  /** Reads a `state` message. @returns false when it is not of its form */
  state(device: DeviceId, message: unknown): boolean {
    if (!Value.Check(DeviceState, message)) return false;
    this.#of(device).status = message.status;
    return true;
  }

  /** Reads a `health` message. @returns false when it is not of its form */
  health(device: DeviceId, message: unknown, atMs: WallMs): boolean {
    if (!Value.Check(DeviceHealth, message)) return false;
    const entry = this.#of(device);
    entry.health = message;
    entry.clockOffsetMs = message.atMs === undefined ? null : message.atMs - atMs;
    entry.lastSeenAt = atMs;
    return true;
  }

  #of(device: DeviceId): Entry {
    const known = this.#entries.get(device);
    if (known) return known;
    const entry: Entry = {
      device,
      connected: false,
      lastSeenAt: null,
      status: null,
      health: null,
      clockOffsetMs: null,
    };
    this.#entries.set(device, entry);
    return entry;
  }
}
