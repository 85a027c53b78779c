import type { Indicator, IndicatorSignal } from "../../firmware/ports/indicator.ts";
import type { DeviceStatus } from "../../firmware/ports/qr-scanner.ts";

/** Something that an indicator was told. */
export type IndicatorEvent =
  | { readonly kind: "signal"; readonly signal: IndicatorSignal; readonly faultCode: string | null }
  | { readonly kind: "gate" }
  | { readonly kind: "silence"; readonly isSilent: boolean };

/** Most events that are kept; the oldest go first. */
const MAX_EVENTS = 1_000;

/** Lights without lamps: remembers what it was told, and has a button that a test or a page can press. */
export class MemoryIndicator implements Indicator {
  readonly #events: IndicatorEvent[] = [];
  readonly #pressed = new Set<() => void>();
  readonly #watchers = new Set<(event: IndicatorEvent) => void>();
  #open = true;

  /** What it was told, oldest first, at most the last 1,000. */
  get events(): readonly IndicatorEvent[] {
    return this.#events;
  }

  show(signal: IndicatorSignal, faultCode?: string): void {
    this.#note({ kind: "signal", signal, faultCode: faultCode ?? null });
  }

  openGate(): void {
    this.#note({ kind: "gate" });
  }

  silence(isSilent: boolean): void {
    this.#note({ kind: "silence", isSilent });
  }

  onButton(pressed: () => void): () => void {
    this.#pressed.add(pressed);
    return () => this.#pressed.delete(pressed);
  }

  status(): DeviceStatus {
    return this.#open ? { present: true } : { present: false, reason: "closed" };
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#pressed.clear();
    this.#watchers.clear();
  }

  press(): void {
    for (const tell of this.#pressed) tell();
  }

  /** Calls back with each event as it comes. @returns a function that stops it */
  watch(watcher: (event: IndicatorEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #note(event: IndicatorEvent): void {
    if (!this.#open) return;
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    for (const watcher of this.#watchers) watcher(event);
  }
}
