import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import type { VisitorTag } from "../../protocol/ids.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { VisitorPast } from "./decide.ts";

/** Visitors remembered at most; beyond it those who left longest ago go first. */
const MAX_VISITORS = 50_000;

/**
 * Who is inside and who just left, in memory only: rebuilt from the ledger at start, so no scan writes an index.
 *
 * Tags change key at the site's turnover; a caller looks up under both keys.
 */
export class Visitors {
  readonly #past = new Map<VisitorTag, VisitorPast>();
  #inside = 0;

  /** People inside, companions included. */
  get inside(): number {
    return this.#inside;
  }

  /** The first past found under any of the tags. */
  find(tags: readonly VisitorTag[]): VisitorPast | null {
    for (const tag of tags) {
      const past = this.#past.get(tag);
      if (past) return past;
    }
    return null;
  }

  /** Notes an event; an older tag of the same visitor is forgotten. @returns an undo for when the commit fails */
  note(tags: readonly VisitorTag[], past: VisitorPast): () => void {
    const before = this.find(tags);
    const beforeTag = tags.find((tag) => this.#past.has(tag));
    for (const tag of tags) this.#past.delete(tag);
    const tag = tags[0] as VisitorTag;
    this.#past.set(tag, past);
    const change = weight(past) - (before ? weight(before) : 0);
    this.#inside += change;
    this.#bound();
    return () => {
      if (this.#past.get(tag) !== past) return; // everybody was forgotten meanwhile
      this.#past.delete(tag);
      if (before && beforeTag) this.#past.set(beforeTag, before);
      this.#inside -= change;
    };
  }

  /** Replays one committed row of the ledger. @param boottimeMs when it happened, by the time of the boot that runs now */
  replay(tag: VisitorTag, record: CheckinRecord, boottimeMs: BoottimeMs): void {
    if (record.kind !== "in" && record.kind !== "out") return;
    this.note([tag], { direction: record.kind, boottimeMs, wallMs: record.wallMs, party: record.party });
  }

  /** Notes what another door saw, if nothing later is known of that visitor. */
  learn(tags: readonly VisitorTag[], past: VisitorPast): void {
    const known = this.find(tags);
    if (!known || known.boottimeMs < past.boottimeMs) this.note(tags, past);
  }

  /** Visitors whom this door itself saw last, from `boottimeMs` on; without those whose time nobody knows. */
  seenHere(boottimeMs: BoottimeMs): readonly (readonly [VisitorTag, VisitorPast])[] {
    return [...this.#past].filter(
      ([, past]) => !past.isElsewhere && past.boottimeMs >= boottimeMs && past.boottimeMs !== 0,
    );
  }

  /** Forgets whoever was last seen before `boottimeMs`: those still inside are taken to have left without a scan. */
  forgetBefore(boottimeMs: BoottimeMs): void {
    for (const [tag, past] of this.#past) {
      if (past.boottimeMs >= boottimeMs) continue;
      this.#past.delete(tag);
      this.#inside -= weight(past);
    }
  }

  /** Forgets everybody: all are taken to be out (closing time, or a member of staff says so). */
  clear(): void {
    this.#past.clear();
    this.#inside = 0;
  }

  #bound(): void {
    if (this.#past.size <= MAX_VISITORS) return;
    for (const [tag, past] of this.#past) {
      if (past.direction === "out") {
        this.#past.delete(tag);
        return;
      }
    }
    const oldest = this.#past.keys().next().value;
    if (oldest !== undefined) this.#past.delete(oldest);
  }
}

function weight(past: VisitorPast): number {
  return past.direction === "in" ? 1 + past.party : 0;
}
