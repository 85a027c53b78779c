import type { Credential } from "../../protocol/qr/reading.ts";

/** Passes remembered at most; a step is worthless after minutes anyway. */
const MAX_PASSES = 10_000;

/** Remembers the last 30-second step of each phone pass that opened this door: one step opens it once. */
export class PassSteps {
  readonly #last = new Map<string, number>();

  /** Notes the step of an admitted pass. @returns an undo for when the commit fails; null when that step, or a later one, was used before */
  use({ id, step }: Credential): (() => void) | null {
    if (step === undefined) return () => {};
    const last = this.#last.get(id);
    if (last !== undefined && last >= step) return null;
    this.#last.delete(id);
    this.#last.set(id, step);
    if (this.#last.size > MAX_PASSES) this.#last.delete(this.#last.keys().next().value as string);
    return () => {
      if (this.#last.get(id) !== step) return; // a later one came meanwhile
      if (last === undefined) this.#last.delete(id);
      else this.#last.set(id, last);
    };
  }
}
