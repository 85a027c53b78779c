import type { SafeDetails } from "../../protocol/errors.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";

/** Of one event, this many are logged each; after that only every so many-th, with the total: a flood must not fill the disk. */
const LOGGED_EACH = 100;

/** One kind of event at one device (or none), as the fleet page lists it. */
export interface RecentEvent {
  readonly event: string;
  readonly device: string | null;
  /** Whether somebody must look into it. */
  readonly isAlarm: boolean;
  readonly n: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Kinds and devices that are kept; the ones that were quiet longest go first. */
const MAX_RECENT = 200;

/** Counts events by name, and logs them as loud as they matter. Names come from the program, so their number is bounded. */
export class Counters {
  readonly #log: Logger;
  readonly #values = new Map<string, number>();
  readonly #recent = new Map<string, RecentEvent>();
  readonly #nowMs: () => number;

  constructor(log: Logger, nowMs: () => number = Date.now) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Events since this gateway started, the latest first. */
  get recent(): readonly RecentEvent[] {
    return [...this.#recent.values()].reverse();
  }

  get values(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Something that somebody must look into. */
  alarm(event: string, fields: SafeDetails = {}): void {
    const n = this.#add(event, fields, true);
    if (isLogged(n)) this.#log.error(event, { ...fields, n });
  }

  /** Something degraded that mends itself. */
  count(event: string, fields: SafeDetails = {}): void {
    const n = this.#add(event, fields, false);
    if (isLogged(n)) this.#log.warn(event, { ...fields, n });
  }

  /** A fault, by its code. */
  fault(event: string, fault: unknown): void {
    this.alarm(event, faultFields(fault));
  }

  #add(event: string, { device }: SafeDetails, isAlarm: boolean): number {
    const name = typeof device === "string" ? device : null;
    const key = `${event} ${name ?? ""}`;
    const [nowMs, known] = [this.#nowMs(), this.#recent.get(key)];
    this.#recent.delete(key); // a map keeps the order of insertion: the latest stands last
    const first = known?.firstMs ?? nowMs;
    this.#recent.set(key, { event, device: name, isAlarm, n: (known?.n ?? 0) + 1, firstMs: first, lastMs: nowMs });
    if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.keys().next().value ?? key);
    const n = (this.#values.get(event) ?? 0) + 1;
    this.#values.set(event, n);
    return n;
  }
}

function isLogged(n: number): boolean {
  return n <= LOGGED_EACH || n % LOGGED_EACH === 0;
}
