import type { SafeDetails } from "../../protocol/errors.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";

/** Of one event, this many are logged each; after that only every so many-th, with the total: a flood must not fill the disk. */
const LOGGED_EACH = 100;

/** Counts events by name, and logs them as loud as they matter. Names come from the program, so their number is bounded. */
export class Counters {
  readonly #log: Logger;
  readonly #values = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get values(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Something that somebody must look into. */
  alarm(event: string, fields: SafeDetails = {}): void {
    const n = this.#add(event);
    if (isLogged(n)) this.#log.error(event, { ...fields, n });
  }

  /** Something degraded that mends itself. */
  count(event: string, fields: SafeDetails = {}): void {
    const n = this.#add(event);
    if (isLogged(n)) this.#log.warn(event, { ...fields, n });
  }

  /** A fault, by its code. */
  fault(event: string, fault: unknown): void {
    this.alarm(event, faultFields(fault));
  }

  #add(event: string): number {
    const n = (this.#values.get(event) ?? 0) + 1;
    this.#values.set(event, n);
    return n;
  }
}

function isLogged(n: number): boolean {
  return n <= LOGGED_EACH || n % LOGGED_EACH === 0;
}
