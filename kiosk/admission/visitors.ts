import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { VisitorTag } from "../../protocol/ids.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { datedPast } from "./dated-past.ts";
import type { VisitorPast } from "./decide.ts";

/** Visitors remembered at most; beyond it those who left longest ago go first. */
const MAX_VISITORS = 50_000;
/** Tags kept of one visitor: a stay of 48 hours, the longest that may be set, touches three days. */
const MAX_TAGS = 3;

/** One visitor: every tag goes to the same entry. */
interface Entry {
  /** The tag of the latest day first. */
  readonly tags: readonly VisitorTag[];
  past: VisitorPast;
}

/**
 * Who is inside and who just left, in memory only: rebuilt from the ledger at start, so no scan writes an index.
 *
 * Tags change key at the site's turnover; a caller looks up under both keys. What is known under any tag of a visitor stays known under
 * all of them, since a door that was away may tell of him under yesterday's alone.
 */
export class Visitors {
  readonly #entries = new Set<Entry>();
  readonly #byTag = new Map<VisitorTag, Entry>();
  readonly #max: number;
  #inside = 0;

  /** @param max visitors remembered at most */
  constructor(max = MAX_VISITORS) {
    this.#max = max;
  }

  /** People inside, companions included. */
  get inside(): number {
    return this.#inside;
  }

  /** The latest that is known under any of the tags. */
  find(tags: readonly VisitorTag[]): VisitorPast | null {
    return latest(this.#under(tags).map(({ past }) => past));
  }

  /** Notes an event of the visitor to whom all the tags belong, in place of what was known. @returns an undo for when the commit fails */
  note(tags: readonly VisitorTag[], past: VisitorPast): () => void {
    const before = this.#under(tags);
    for (const entry of before) this.#remove(entry);
    const entry = { tags: tagsTogether(tags, before), past };
    this.#add(entry);
    this.#bound();
    return () => {
      if (!this.#entries.has(entry)) return; // everybody was forgotten meanwhile, or something later is known
      this.#remove(entry);
      for (const one of before) this.#add(one);
    };
  }

  /** Notes what another door saw, if nothing later is known of that visitor. */
  learn(tags: readonly VisitorTag[], past: VisitorPast): void {
    const known = this.#under(tags);
    const now = latest([...known.map((entry) => entry.past), past]) as VisitorPast;
    const [only] = known;
    const isNews = now === past || known.length > 1 || tags.some((tag) => !only?.tags.includes(tag));
    if (isNews) this.note(tags, now);
  }

  /** Visitors whom this door itself saw last, from `boottimeMs` on; without those of whom nobody knows when. */
  seenHere(boottimeMs: BoottimeMs): readonly (readonly [readonly VisitorTag[], VisitorPast])[] {
    return [...this.#entries]
      .filter(({ past }) => !past.isElsewhere && past.boottimeMs >= boottimeMs && !past.undated)
      .map(({ tags, past }) => [tags, past]);
  }

  /** Dates what was seen in earlier boots, if this one knows the time. @returns whether there was something to date */
  date(now: DeviceTime): boolean {
    let hasDated = false;
    for (const entry of this.#entries) {
      const past = datedPast(entry.past, now);
      if (past === entry.past) continue;
      entry.past = past;
      hasDated = true;
    }
    return hasDated;
  }

  /** Forgets whoever was last seen before `boottimeMs`: those still inside are taken to have left without a scan. */
  forgetBefore(boottimeMs: BoottimeMs): void {
    for (const entry of this.#entries) if (entry.past.boottimeMs < boottimeMs) this.#remove(entry);
  }

  /** Forgets everybody: all are taken to be out (closing time, or a member of staff says so). */
  clear(): void {
    this.#entries.clear();
    this.#byTag.clear();
    this.#inside = 0;
  }

  /** Entries under any of the tags, each once, in the order of the tags. */
  #under(tags: readonly VisitorTag[]): readonly Entry[] {
    return [...new Set(tags.flatMap((tag) => this.#byTag.get(tag) ?? []))];
  }

  #add(entry: Entry): void {
    this.#entries.add(entry);
    for (const tag of entry.tags) if (!this.#byTag.has(tag)) this.#byTag.set(tag, entry);
    this.#inside += weight(entry.past);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry);
    for (const tag of entry.tags) if (this.#byTag.get(tag) === entry) this.#byTag.delete(tag);
    this.#inside -= weight(entry.past);
  }

  #bound(): void {
    if (this.#entries.size <= this.#max) return;
    const drop = this.#firstOut() ?? this.#entries.values().next().value;
    if (drop) this.#remove(drop);
  }

  #firstOut(): Entry | null {
    for (const entry of this.#entries) if (entry.past.direction === "out") return entry;
    return null;
  }
}

/** The latest of several pasts, of two that are equally late the first; null when there is none. */
function latest(pasts: readonly VisitorPast[]): VisitorPast | null {
  return pasts.reduce<VisitorPast | null>(
    (best, past) => (best && best.boottimeMs >= past.boottimeMs ? best : past),
    null,
  );
}

/** All tags of one visitor, the latest day's first: a door whose day has not turned yet names yesterday's first. */
function tagsTogether(tags: readonly VisitorTag[], before: readonly Entry[]): readonly VisitorTag[] {
  const known = before.flatMap((entry) => entry.tags);
  const ordered = known.includes(tags[0] as VisitorTag) ? [...known, ...tags] : [...tags, ...known];
  return [...new Set(ordered)].slice(0, MAX_TAGS);
}

function weight(past: VisitorPast): number {
  return past.direction === "in" ? 1 + past.party : 0;
}
