import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DAY_MS, HOUR_MS } from "../../protocol/units.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import type { VirtualKiosk } from "../site/virtual-kiosk.ts";
import { documentOf } from "../world/documents.ts";
import { payloadOf } from "../world/payloads.ts";
import { createPeople, type Person } from "../world/people.ts";
import { createSchedule, type Stay } from "../world/schedule.ts";
import { townOf, venueNumbers } from "./places.ts";
import { type Assertion, expectThat, type Scenario, type World } from "./scenario.ts";

const DAYS = 3;
/** Where the thief's card lies, in the world's folder. */
const STOLEN = "stolen-card";
/** Source: DESIGN section 2. */
const SESSION_RECORDS = 256;
/** The gateway looks every two seconds for who was revoked. */
const CUT_OFF_MS = 10_000;
/** When the first day begins: a quiet hour costs as much to simulate as a busy one. */
const FIRST_MS = 15 * HOUR_MS;

/** On the third day somebody takes the first kiosk from the wall, switched off: what is on its card, and what is not. */
export const stolenKiosk: Scenario = {
  name: "stolen-kiosk",
  about: "a kiosk is stolen on its third day: its card holds sealed rows and the last two days' keys, and nothing else",
  size: { kiosks: 3, people: 300 },
  plan({ kiosks, people: count }, rng) {
    const { venues, doors } = townOf(kiosks);
    const people = createPeople(rng.fork("people"), count);
    const stays: Stay[] = [];
    for (let day = 0; day < DAYS; day += 1) {
      const drawn = createSchedule(rng.fork(`day ${day}`), people, { doors: venueNumbers(venues, doors) });
      const seen = drawn.filter(({ fromMs }) => day > 0 || fromMs >= FIRST_MS);
      stays.push(
        ...seen.map((stay) => ({ ...stay, fromMs: stay.fromMs + day * DAY_MS, toMs: stay.toMs + day * DAY_MS })),
      );
    }
    const evening = (day: number) => ({ atMs: day * DAY_MS + 18 * HOUR_MS, strike: noteKeys });
    const faults = [evening(0), evening(1), evening(2), { atMs: (DAYS - 1) * DAY_MS + 21 * HOUR_MS, strike: steal }];
    return { venues, doors, people, stays, beginsMs: FIRST_MS, faults };
  },
  async check(world) {
    return [...thiefsTable(world), await sealingSessions(world), await afterRevocation(world)];
  },
};

async function noteKeys({ site, notes }: World): Promise<void> {
  const keys = site.kiosks[0]?.dayKeys;
  if (keys) notes.set(`keys ${keys.n}`, keys);
}

async function steal({ site, notes, folder }: World): Promise<void> {
  notes.set("last day", site.kiosks[0]?.dayKeys.n ?? 0);
  await site.cutPower(0);
  notes.set("card", await bytesOf(site.cardOf(0)));
  await cp(site.cardOf(0), join(folder, STOLEN), { recursive: true });
  const { device } = site.kiosks[0] as VirtualKiosk;
  const rows = (site.answers.get(device) ?? []).flatMap((answer) => answer?.rows ?? []);
  notes.set("last row", rows.at(-1)?.encoded ?? new Uint8Array(1));
  await site.restorePower(0); // the door gets a new box in the evening; the old card stays with the thief
}

/** Source: DESIGN section 2, "Stolen kiosk": switched off. */
function thiefsTable({ notes, engine, plan }: World): readonly Assertion[] {
  const card = notes.get("card") as Buffer;
  const last = notes.get("last day") as number;
  const holds = (bytes: Uint8Array): boolean => card.includes(Buffer.from(bytes));
  const keysOf = (n: number): readonly Uint8Array[] => {
    const keys = notes.get(`keys ${n}`) as { tagKey: Uint8Array; periodKey: Uint8Array } | undefined;
    return keys ? [keys.tagKey, keys.periodKey] : [];
  };
  const older = Array.from({ length: Math.max(0, last - 1) }, (_, n) => keysOf(n)).flat();
  const named = plan.people.filter(({ nationalId, name, phone }) =>
    [nationalId, name, phone].some((text) => holds(Buffer.from(text, "utf8"))),
  );
  return [
    expectThat("the thief has today's keys", keysOf(last).every(holds), last),
    expectThat("and yesterday's", keysOf(last - 1).every(holds), last - 1),
    expectThat("and sealed rows", holds(notes.get("last row") as Uint8Array)),
    expectThat("never an older tag or period key", older.length > 0 && !older.some(holds), older.length),
    expectThat("never the matching key", !holds(engine.keys.match.privateKey)),
    expectThat("never the key that signs receipts", !holds(engine.keys.receipt.privateKey)),
    expectThat("never the secret of the persons' keys", !holds(engine.keys.secret)),
    expectThat("never a name, number or phone of a visitor", named.length === 0, named.length),
  ];
}

/** Switched on, the kiosk has the keys of one open sealing session in its memory: what that can open must be little. */
async function sealingSessions({ folder }: World): Promise<Assertion> {
  const database = await Database.open({ file: join(folder, "engine", "engine.db"), readOnly: true });
  const most = await database.get<{ records: number; ms: number }>(
    `SELECT max(records) records, max(ms) ms FROM
       (SELECT count(*) records, max(boottime) - min(boottime) ms FROM event WHERE session_id IS NOT NULL GROUP BY session_id)`,
  );
  await database.close();
  const { records, ms } = most ?? { records: 0, ms: 0 };
  const isLittle = records > 0 && records <= SESSION_RECORDS && ms <= HOUR_MS;
  return expectThat("switched on: one sealing session, of an hour and 256 records at most", isLittle, records);
}

/** The device key is the thief's until somebody revokes it: then nothing of his comes in any more. */
async function afterRevocation({ site, engine, time, folder, rng, plan }: World): Promise<Assertion> {
  await site.revoke(0);
  const pass = (ms: number): Promise<void> => time.advanceTo(time.now() + ms, () => site.settle());
  await pass(CUT_OFF_MS);
  const { rows: before } = await engine.stats();
  const thief = await site.openCopy(0, join(folder, STOLEN));
  const [stranger] = createPeople(rng.fork("thief"), plan.people.length + 1, ["cccd"]).slice(-1) as [Person];
  await thief.scan(await payloadOf(stranger, () => Promise.resolve(documentOf(stranger).id)));
  await pass(HOUR_MS);
  const { rows: after } = await engine.stats();
  const isOut = thief.unsent > 0 && !thief.status.online && after === before;
  await thief.close();
  return expectThat("the device key opens nothing once it is revoked", isOut, after - before);
}

async function bytesOf(folder: string): Promise<Buffer> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name)));
  return Buffer.concat(await Promise.all(files));
}
