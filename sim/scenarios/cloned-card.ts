import { cp } from "node:fs/promises";
import { join } from "node:path";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { documentOf } from "../world/documents.ts";
import { payloadOf } from "../world/payloads.ts";
import { createPeople, type Person } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { streetOf, venueNumbers } from "./places.ts";
import { expectThat, type Scenario, type World } from "./scenario.ts";

const STRANGERS = 5;

/** At noon somebody copies the first door's card while it is without network, and later uses the copy elsewhere for a while. */
export const clonedCard: Scenario = {
  name: "cloned-card",
  about: "a door's card is copied and both are used: nothing is lost, nothing merged, and it is alarmed",
  size: { kiosks: 3, people: 400 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = streetOf(kiosks); // another door of its venue would guess while the first one is cut off
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const faults = [
      { atMs: 11.5 * HOUR_MS, strike: ({ site }: World) => site.setLink(0, false) },
      { atMs: 12 * HOUR_MS, strike: copyCard },
      { atMs: 12 * HOUR_MS + MINUTE_MS, strike: (world: World) => world.restorePower(0) },
      { atMs: 15 * HOUR_MS, strike: useCopy },
    ];
    return { venues, doors, people, stays, faults };
  },
  async check({ notes, engine, plan }, { gateway }) {
    const { persons } = await engine.stats();
    const seen = new Set(plan.stays.map(({ person }) => person)).size + STRANGERS;
    return [
      expectThat("the copy was noticed", (notes.get("forks") as number) > 0, notes.get("forks")),
      expectThat("and alarmed", (gateway["stream.forked"] ?? 0) > 0, gateway["stream.forked"]),
      expectThat("everybody of both cards is known, nobody merged", persons === seen, `${persons} of ${seen}`),
    ];
  },
};

/** The card is taken out, copied and put back. */
async function copyCard({ site, folder }: World): Promise<void> {
  await site.cutPower(0);
  await cp(site.cardOf(0), join(folder, "copied-card"), { recursive: true });
}

/** For a quarter of an hour the copy runs in the door's place, with visitors of its own. */
async function useCopy(world: World): Promise<void> {
  const { site, time, notes, folder, rng } = world;
  await site.cutPower(0);
  await site.setLink(0, true);
  const copy = await site.openCopy(0, join(folder, "copied-card"));
  const strangers = createPeople(rng.fork("strangers"), world.plan.people.length + STRANGERS, ["cccd"]).slice(
    -STRANGERS,
  );
  for (const stranger of strangers) {
    await wait(world, MINUTE_MS);
    await copy.scan(await payloadOf(stranger as Person, () => Promise.resolve(documentOf(stranger as Person).id)));
  }
  await wait(world, 10 * MINUTE_MS);
  notes.set("forks", copy.status.forks);
  site.noteAnswers(copy.device, copy.answers);
  await copy.close();
  await time.advanceTo(time.now() + MINUTE_MS, () => site.settle());
  await world.restorePower(0);
}

async function wait({ site, time }: World, ms: number): Promise<void> {
  await time.advanceTo(time.now() + ms, () => site.settle());
}
