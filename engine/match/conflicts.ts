import type { PersonKey, VenueId } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { MAX_SLICE_MS } from "../visits/visit.ts";
import { type Stretch, shared } from "./overlap.ts";
import { type StoredSlice, slicesOfPersons, type Window } from "./visit-store.ts";

/**
 * Somebody was seen elsewhere while a door's log has them at a place for certain: a copied or lent code, one venue within another, or a
 * clock nobody knew to be wrong. DESIGN section 6: such a stay never makes anybody a contact by itself; ask the person.
 */
export interface Conflict {
  readonly venue: VenueId;
  /** Name in the registry of venues, or null. */
  readonly venueName: string | null;
  /** When the two stays contradict each other. */
  readonly from: number;
  readonly to: number;
}

/** A slice at another venue that contradicts a stay. */
export interface Clash {
  readonly elsewhere: StoredSlice;
  readonly during: Stretch;
}

/** What contradicts the stays of some persons. */
export class Clashes {
  readonly #byVisit = new Map<string, Clash[]>();

  /** Reads all stays of these persons that may touch the window, and holds each against the person's others. */
  static async read(sql: Sql, persons: readonly PersonKey[], { from, to }: Window): Promise<Clashes> {
    const found = new Clashes();
    if (persons.length === 0) return found;
    const wide = { from: from - MAX_SLICE_MS, to: to + MAX_SLICE_MS };
    const slices = await slicesOfPersons(sql, [...new Set(persons)], wide);
    const byPerson = new Map<PersonKey, StoredSlice[]>();
    for (const slice of slices) byPerson.set(slice.person, [...(byPerson.get(slice.person) ?? []), slice]);
    for (const own of byPerson.values()) found.#compare(own);
    return found;
  }

  /** What contradicts one visit, in order of time. */
  of(stay: StoredSlice): readonly Clash[] {
    return this.#byVisit.get(nameOf(stay)) ?? [];
  }

  /** Every slice that contradicts another. */
  get all(): readonly Clash[] {
    return [...this.#byVisit.values()].flat();
  }

  /** @param slices of one person, in order of time */
  #compare(slices: readonly StoredSlice[]): void {
    for (const [at, left] of slices.entries()) {
      for (let next = at + 1; next < slices.length; next += 1) {
        const right = slices[next] as StoredSlice;
        if (right.outerFrom >= left.outerTo) break;
        const during = left.venue === right.venue ? null : contradiction(left, right);
        if (!during) continue;
        this.#note(left, right, during);
        this.#note(right, left, during);
      }
    }
  }

  #note(stay: StoredSlice, elsewhere: StoredSlice, during: Stretch): void {
    const name = nameOf(stay);
    const known = this.#byVisit.get(name) ?? [];
    this.#byVisit.set(name, known);
    known.push({ elsewhere, during });
  }
}

/** When two slices at different venues cannot both be right; null when they can. */
export function contradiction(left: StoredSlice, right: StoredSlice): Stretch | null {
  return (
    shared(left.innerFrom, left.innerTo, right.innerFrom, right.innerTo) ?? within(left, right) ?? within(right, left)
  );
}

/** The only scan of a stay, when it surely fell between two of another: between these the other was there for certain. */
function within(around: StoredSlice, single: StoredSlice): Stretch | null {
  const scan = onlyScan(single);
  return scan && scan.from > around.innerFrom && scan.to < around.innerTo ? scan : null;
}

/** When the only scan of a stay took place; null for a stay with two, and for the later parts of a long one. */
function onlyScan({ start, end, outerFrom, innerFrom, innerTo, outerTo, visitFrom }: StoredSlice): Stretch | null {
  if (innerTo > innerFrom) return null;
  if (start.reason === "explicit") return outerFrom === visitFrom ? { from: outerFrom, to: innerFrom } : null;
  return end.reason === "explicit" && innerTo < outerTo ? { from: innerTo, to: outerTo } : null;
}

function nameOf({ person, venue, visitFrom }: StoredSlice): string {
  return `${person}/${venue}/${visitFrom}`;
}
