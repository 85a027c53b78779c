import type { PersonKey } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { besideOf, type Contact, type UnsureStay } from "./contact.ts";
import { type StoredSlice, type StoredUndated, slicesAtVenue, undatedAtVenue, type Window } from "./visit-store.ts";

/** Whose contacts are sought: never listed beside themselves. */
interface Sought {
  readonly persons: readonly PersonKey[];
  readonly window: Window;
}

/** Stays without a time at the places where the case was. */
export async function besideDated(
  sql: Sql,
  query: Sought,
  own: readonly StoredSlice[],
): Promise<readonly UnsureStay[]> {
  const found: UnsureStay[] = [];
  for (const visit of wholeVisits(own)) {
    const window = { from: visit.outerFrom, to: visit.outerTo };
    for (const stay of await undatedAtVenue(sql, visit.venue, window)) {
      if (query.persons.includes(stay.person)) continue;
      const boundMs = Math.min(window.to - window.from, longestWithin(window, stay));
      found.push({ stay, boundMs, beside: besideOf(visit) });
    }
  }
  return found;
}

/** Everybody at the places where the case was at an unknown time, as far as that may have been within the window. */
export async function besideUndated(
  sql: Sql,
  query: Sought,
  undated: readonly StoredUndated[],
): Promise<readonly UnsureStay[]> {
  const found: UnsureStay[] = [];
  for (const own of undated) {
    const window = {
      from: Math.max(own.earliest ?? query.window.from, query.window.from),
      to: Math.min(own.latest ?? query.window.to, query.window.to),
    };
    const visits = wholeVisits(await slicesAtVenue(sql, own.venue, window));
    for (const stay of [...visits, ...(await undatedAtVenue(sql, own.venue, window))]) {
      if (query.persons.includes(stay.person)) continue;
      const boundMs = Math.min(longestWithin(window, own), longestWithin(window, stay));
      found.push({ stay, boundMs, beside: besideOf(own) });
    }
  }
  return found;
}

/** Consecutive slices of one visit as one: beside a stay without a time, whose length counts, a slice says too little. */
function wholeVisits(slices: readonly StoredSlice[]): readonly StoredSlice[] {
  const visits = new Map<string, StoredSlice>();
  for (const slice of slices) {
    const name = `${slice.person}/${slice.venue}/${slice.visitFrom}/${slice.start.gate}/${slice.start.evidence}`;
    const { outerFrom, outerTo } = visits.get(name) ?? slice;
    const whole = { outerFrom: Math.min(outerFrom, slice.outerFrom), outerTo: Math.max(outerTo, slice.outerTo) };
    visits.set(name, { ...slice, ...whole });
  }
  return [...visits.values()];
}

/** How long somebody stayed within the window at most, milliseconds; infinity when nothing but the window bounds it. */
export function longestWithin({ from, to }: Window, stay: StoredSlice | StoredUndated): number {
  if ("outerTo" in stay) return Math.min(stay.outerTo, to) - Math.max(stay.outerFrom, from);
  const { earliest, latest, lengthMs } = stay;
  const reach =
    earliest === null || latest === null ? Number.POSITIVE_INFINITY : Math.min(latest, to) - Math.max(earliest, from);
  return Math.min(reach, lengthMs ?? Number.POSITIVE_INFINITY);
}

/** One entry a person and venue: without times, several tell no more than the longest. */
export function strongest(contacts: readonly Contact[]): readonly Contact[] {
  const best = new Map<string, Contact>();
  const length = (contact: Contact): number => contact.minutesPossible ?? Number.POSITIVE_INFINITY;
  for (const contact of contacts) {
    const name = `${contact.person}/${contact.venue}`;
    const known = best.get(name);
    if (!known || length(contact) > length(known)) best.set(name, contact);
  }
  return [...best.values()];
}
