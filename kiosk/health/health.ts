import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import { utf8 } from "../../protocol/bytes.ts";
import type { DeviceHealth, DeviceState } from "../../protocol/mqtt/messages.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { FlushTime } from "../self-test/flush-time.ts";

/** Facts of the machine that health reports. */
export interface HealthSource {
  readonly version: string;
  diskFreeBytes(): Promise<number>;
  scannerPresent(): boolean;
  /** Tries the card; absent where there is none to try. Rejects when it cannot be written. */
  flushTime?(): Promise<FlushTime>;
  /** Null when the disk does not say. */
  wear?(): Promise<DeviceHealth["wear"] | null>;
  /** When the device's certificate ends, wall clock, milliseconds. */
  certificateEndsMs?(): number;
}

/** The retained `state` message of a kiosk that is there. */
export function stateMessage(now: DeviceTime): Uint8Array {
  const state: DeviceState = { status: "online", boot: now.bootId, atMs: Math.max(0, Math.round(now.wallMs)) };
  return utf8(JSON.stringify(state));
}

/** The `health` message: counts and states only. */
export async function healthMessage(
  source: HealthSource,
  facts: {
    readonly now: DeviceTime;
    readonly log: CheckinLog;
    readonly confirmed: number;
    readonly counters: Readonly<Record<string, number>>;
    readonly beacon: NonNullable<DeviceHealth["beacon"]>;
    readonly closedByStaff: boolean;
    readonly otherDoors: NonNullable<DeviceHealth["otherDoors"]>;
  },
): Promise<Uint8Array> {
  const { now, log, confirmed } = facts;
  const sizes = await log.sizes();
  const oldest = sizes.lastSeq > confirmed ? (await log.read(confirmed + 1, 1))[0]?.record : undefined;
  const ageMs = oldest?.boot === now.bootId ? now.boottimeMs - oldest.boottimeMs : oldest ? now.boottimeMs : 0;
  const health: DeviceHealth = {
    version: source.version,
    uptimeMs: Math.round(now.boottimeMs),
    clock: { state: now.state, uncertaintyMs: Math.round(now.uncertaintyMs) },
    ledger: { rows: sizes.rows, unsent: sizes.lastSeq - confirmed, oldestUnsentMs: Math.max(0, Math.round(ageMs)) },
    diskFreeBytes: await source.diskFreeBytes(),
    scanner: source.scannerPresent(),
    ...(facts.closedByStaff && { closedByStaff: true }),
    otherDoors: facts.otherDoors,
    beacon: facts.beacon,
    ...(await extrasOf(source, now)),
    counters: { ...facts.counters },
  };
  return utf8(JSON.stringify(health));
}

/** What only some kiosks can say. */
async function extrasOf(source: HealthSource, now: DeviceTime): Promise<Partial<DeviceHealth>> {
  const wear = await source.wear?.();
  const certificateEndsMs = source.certificateEndsMs?.();
  return {
    ...(now.state !== "unsynced" && { atMs: Math.max(0, Math.round(now.wallMs)) }),
    ...(wear && { wear }),
    ...(certificateEndsMs !== undefined && { certificateEndsMs }),
  };
}
