import type { SafeDetails } from "../../protocol/errors.ts";
import { faultFields, type Logger } from "../../runtime/log.ts";

/** Counts events by name, and logs each as loud as it matters. Names come from the program, so their number is bounded. */
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
    this.#add(event);
    this.#log.error(event, fields);
  }

  /** Something degraded that mends itself. */
  count(event: string, fields: SafeDetails = {}): void {
    this.#add(event);
    this.#log.warn(event, fields);
  }

  /** A fault, by its code. */
  fault(event: string, fault: unknown): void {
    this.alarm(event, faultFields(fault));
  }

  #add(event: string): void {
    this.#values.set(event, (this.#values.get(event) ?? 0) + 1);
  }
}
