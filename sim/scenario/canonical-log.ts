/** Something that was true, or that a door answered. Nothing in it depends on the machine, the wall clock or fresh keys. */
export interface LoggedEvent {
  /** Milliseconds from the world's midnight. */
  readonly atMs: number;
  readonly device: string;
  readonly person: number | null;
  /** What really happened: somebody went in or out, or a fault struck. */
  readonly truth: "in" | "out" | "fault";
  /** What the screen said; null for a dark one. */
  readonly answer: string | null;
}

/** The canonical truth-and-answer log. */
export class CanonicalLog {
  readonly #events: LoggedEvent[] = [];

  add(event: LoggedEvent): void {
    this.#events.push(event);
  }

  /** One JSON line an event, sorted by time, device and person. */
  text(): string {
    const order = (a: LoggedEvent, b: LoggedEvent): number =>
      a.atMs - b.atMs || a.device.localeCompare(b.device, "en") || (a.person ?? -1) - (b.person ?? -1);
    const lines = this.#events
      .toSorted(order)
      .map(({ atMs, device, person, truth, answer }) => JSON.stringify({ atMs, device, person, truth, answer }));
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }
}
