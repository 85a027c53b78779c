import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../protocol/units.ts";
import { createPeople } from "../world/people.ts";
import { createSchedule } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { expectThat, type Fault, type Scenario, type World } from "./scenario.ts";

/** How long a kiosk takes to come up again. */
const BOOT_MS = 35 * SECOND_MS;
const CUT_EVERY_MS = 20 * MINUTE_MS;
/** A door that went dark in a scan comes up so soon that its visitor, who tries again, is not yet taken for one who leaves. */
const BOOT_CHECK_MS = 20 * SECOND_MS;

/** All day long the power goes, now while a door is idle, now in the middle of a scan. */
export const powerCuts: Scenario = {
  name: "power-cuts",
  about: "the power goes every 20 minutes, also in the middle of a scan; visitors wait and come again",
  size: { kiosks: 4, people: 400 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays = createSchedule(rng.fork("schedule"), people, { doors: venueNumbers(venues, doors) });
    const draw = rng.fork("cuts");
    const faults: Fault[] = [];
    for (let atMs = 7.5 * HOUR_MS; atMs < 19 * HOUR_MS; atMs += CUT_EVERY_MS) {
      const door = draw.integer(0, kiosks - 1);
      if (draw.chance(0.5)) faults.push(...idleCut(door, atMs));
      else faults.push({ atMs, strike: async (world) => inScan(world, door) });
    }
    for (let atMs = 7.5 * HOUR_MS; atMs < 20 * HOUR_MS; atMs += BOOT_CHECK_MS)
      faults.push({ atMs, strike: bootAll, isRoutine: true });
    return { venues, doors, people, stays, faults };
  },
  async check({ notes, site }) {
    const cuts = notes.get("cuts") as number;
    const dark = site.kiosks.filter((_, door) => site.isDark(door)).length;
    return [
      expectThat("the power went often", cuts >= 10, cuts),
      expectThat("every door is on again", dark === 0, dark),
    ];
  },
};

function idleCut(door: number, atMs: number): readonly Fault[] {
  return [
    {
      atMs,
      strike: async (world) => {
        if (world.site.isDark(door)) return;
        await world.site.cutPower(door);
        count(world);
      },
    },
    { atMs: atMs + BOOT_MS, strike: async (world) => on(world, door) },
  ];
}

function inScan(world: World, door: number): void {
  if (world.site.isDark(door)) return;
  world.cutPowerInNextScan(door);
  count(world);
}

async function bootAll(world: World): Promise<void> {
  for (const [door] of world.site.kiosks.entries()) await on(world, door);
}

async function on(world: World, door: number): Promise<void> {
  if (world.site.isDark(door)) await world.restorePower(door);
}

function count(world: World): void {
  world.notes.set("cuts", ((world.notes.get("cuts") as number | undefined) ?? 0) + 1);
}
