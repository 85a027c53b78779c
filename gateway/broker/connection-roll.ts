import type { DeviceId } from "../../protocol/ids.ts";
import type { Connection } from "./connection.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface RollLimits {
  readonly maxConnectionsPerDevice: number;
  /** Messages a second that a device may publish for long, and at once. */
  readonly publishPerSecond: number;
  readonly publishBurst: number;
}

/** Which device holds which connections, and how fast each may publish: a device that connects anew gains nothing by it. */
export class ConnectionRoll {
  readonly #limits: RollLimits;
  readonly #nowMs: () => number;
  readonly #byDevice = new Map<DeviceId, Set<Connection>>();
  /** Only devices with a certificate, or with a name on the loopback listener, get one: their number is bounded by the site. */
  readonly #buckets = new Map<DeviceId, TokenBucket>();

  /** @param nowMs monotonic */
  constructor(limits: RollLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Open connections of a device; empty when there are none. */
  of(device: DeviceId): ReadonlySet<Connection> {
    return this.#byDevice.get(device) ?? new Set();
  }

  /** Counts a connection as the device's. @returns false when it has too many already; then it is not counted */
  enlist(connection: Connection, device: DeviceId): boolean {
    const own = this.#byDevice.get(device) ?? new Set();
    if (own.size >= this.#limits.maxConnectionsPerDevice) return false;
    this.#byDevice.set(device, own.add(connection));
    connection.device = device;
    return true;
  }

  strike(connection: Connection): void {
    const { device } = connection;
    const own = device === null ? undefined : this.#byDevice.get(device);
    own?.delete(connection);
    if (device !== null && own?.size === 0) this.#byDevice.delete(device);
  }

  /** Takes leave for one message. @returns false when the device publishes too fast */
  mayPublish(device: DeviceId): boolean {
    const nowMs = this.#nowMs();
    return (this.#buckets.get(device) ?? this.#newBucket(device, nowMs)).take(nowMs);
  }

  /** Ends the connections that were silent for longer than they may. */
  dropSilent(): void {
    const nowMs = this.#nowMs();
    for (const { socket, heardAtMs, idleLimitMs } of this.#all()) if (nowMs - heardAtMs > idleLimitMs) socket.destroy();
  }

  /** Ends every connection. */
  dropAll(): void {
    for (const { socket } of this.#all()) socket.destroy();
  }

  #newBucket(device: DeviceId, nowMs: number): TokenBucket {
    const { publishPerSecond: perSecond, publishBurst: burst } = this.#limits;
    const bucket = new TokenBucket({ perSecond, burst, nowMs });
    this.#buckets.set(device, bucket);
    return bucket;
  }

  #all(): readonly Connection[] {
    return [...this.#byDevice.values()].flatMap((own) => [...own]);
  }
}
