import { HOUR_MS, SECOND_MS } from "../../protocol/units.ts";
import { documentOf } from "../world/documents.ts";
import { payloadOf } from "../world/payloads.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

const GUESTS = 1_500;

/** A door without network whose card runs full: it goes on, gives up its oldest rows, and names each. */
export const sdCardFull: Scenario = {
  name: "sd-card-full",
  about: "a door without network whose card is full: the oldest rows go, each named by a tombstone",
  size: { kiosks: 3, people: 400 },
  overlapsMayDiffer: true,
  losesRows: true,
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const faults = [
      { atMs: 8 * HOUR_MS, strike: (world: World) => setFirst(world, { online: false }) },
      { atMs: 10 * HOUR_MS, strike: (world: World) => setFirst(world, { full: true }) },
      { atMs: 10.5 * HOUR_MS, strike: festival },
      { atMs: 15 * HOUR_MS, strike: (world: World) => setFirst(world, { full: false }) },
      { atMs: 15.5 * HOUR_MS, strike: (world: World) => setFirst(world, { online: true }) },
    ];
    return { venues, doors, people, stays, faults };
  },
  async check({ site }, { tombstoned }) {
    const unsent = site.kiosks[0]?.unsent ?? 0;
    return [
      expectThat("rows were given up, and named", tombstoned > 0, tombstoned),
      expectThat("the door has sent all that it kept", unsent === 0, unsent),
    ];
  },
};

/** More guests than the card has room for, one a second. */
async function festival({ site, time, rng, plan }: World): Promise<void> {
  const first = plan.people.length;
  const guests = createPeople(rng.fork("guests"), first + GUESTS, ["cccd"]).slice(first);
  for (const guest of guests) {
    await time.advanceTo(time.now() + SECOND_MS, () => site.settle());
    await site.kiosks[0]?.scan(await payloadOf(guest, () => Promise.resolve(documentOf(guest).id)));
  }
}

async function setFirst(
  { site }: World,
  change: { readonly online?: boolean; readonly full?: boolean },
): Promise<void> {
  const kiosk = site.kiosks[0];
  if (!kiosk) return;
  if (change.online !== undefined) await site.setLink(0, change.online);
  if (change.full !== undefined) await kiosk.fillCard(change.full);
}
