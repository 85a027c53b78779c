import { BackgroundWork } from "../../runtime/background-work.ts";
import type { Logger } from "../../runtime/log.ts";
import { faultFields } from "../../runtime/log.ts";
import type { Database, Sql } from "../../runtime/sqlite/database.ts";
import { stretchesAtVenues } from "../store/lost-rows.ts";
import { loadPersonEvents } from "../store/person-events.ts";
import { venuePolicies } from "../store/venues.ts";
import { saveVisits } from "../store/visits.ts";
import { doubtVisits } from "./doubt-visits.ts";
import { pairUndated } from "./pair-undated.ts";
import { type PolicyOf, pairVisits } from "./pair-visits.ts";
import { radioVisits } from "./radio-visits.ts";
import type { ClosingHour, Stays } from "./venue-policy.ts";
import type { VenueNumber } from "./visit.ts";

/** Persons whose visits one transaction builds. */
const STEP_PERSONS = 500;

export interface VisitBuilderParts {
  readonly database: Database;
  readonly stays: Stays;
  readonly assumedClosingHour: ClosingHour;
  /** Oldest instant within retention: a stay that began before it is kept from there on. */
  readonly oldestMs: () => number;
  readonly log: Logger;
}

/**
 * Builds visits anew for the persons that ingest marked, a few hundred in a transaction, so that ingest never waits long for it.
 * The marks are in the store: what a crash interrupts goes on at the next start.
 */
export class VisitBuilder {
  readonly #parts: VisitBuilderParts;
  readonly #work: BackgroundWork;

  constructor(parts: VisitBuilderParts) {
    this.#parts = parts;
    this.#work = new BackgroundWork({
      step: () => parts.database.transaction((sql) => this.#step(sql)),
      failed: (fault) => parts.log.error("visits.failed", faultFields(fault)),
    });
  }

  /** Starts building in the background. A fault is logged; the next call tries again. */
  kick(): void {
    this.#work.kick();
  }

  /**
   * Resolves when every person marked before the call has the visits that the stored rows give.
   *
   * @throws {StoreError} RT_STORE_FAILED
   */
  settle(): Promise<void> {
    return this.#work.settle();
  }

  /** Resolves when the transaction under way is done; no other begins. The marks stay in the store. */
  stop(): Promise<void> {
    return this.#work.stop();
  }

  /** @returns whether there may be more */
  async #step(sql: Sql): Promise<boolean> {
    const marked = await sql.all<{ person: string }>(
      "DELETE FROM dirty WHERE person IN (SELECT person FROM dirty LIMIT ?) RETURNING lower(hex(person)) person",
      [STEP_PERSONS],
    );
    if (marked.length === 0) return false;
    const persons = marked.map(({ person }) => person);
    const events = await loadPersonEvents(sql, persons);
    const venues = new Set([...events.values()].flatMap(({ dated, undated }) => [...dated, ...undated].map(venueOf)));
    const policyOf = await this.#policies(sql, [...venues]);
    const lost = await stretchesAtVenues(sql, [...venues]);
    await saveVisits(
      sql,
      persons.map((person) => {
        const { dated, undated, heard } = events.get(person) ?? { dated: [], undated: [], heard: [] };
        const visits = [...doubtVisits(pairVisits(dated, policyOf), lost, policyOf), ...radioVisits(heard)];
        return { person, visits, undated: pairUndated(undated, policyOf) };
      }),
      this.#parts.oldestMs(),
    );
    return marked.length === STEP_PERSONS;
  }

  #policies(sql: Sql, venues: readonly number[]): Promise<PolicyOf> {
    const { stays, assumedClosingHour } = this.#parts;
    return venuePolicies(sql, { venues, stays, assumedClosingHour });
  }
}

function venueOf({ venue }: { readonly venue: VenueNumber }): VenueNumber {
  return venue;
}
