import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine, loadEngineConfig } from "../../engine/app.ts";
import { DAY_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { ScreenFeed } from "../lab/screen-feed.ts";
import type { Custody } from "../report/custody.ts";
import { deliveryOf } from "../report/delivery.ts";
import { heldRows, type MatchedRows, matchRows, openHeld, type ScreenRow } from "../report/screen-rows.ts";
import { percentile, rounded } from "../report/timing.ts";
import { createRng } from "../rng.ts";
import type { Plan, Scenario, Size } from "../scenarios/scenario.ts";
import { ProcessSite } from "../site/process-site.ts";
import { payloadOf } from "../world/payloads.ts";
import type { Person } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";
import { CanonicalLog } from "./canonical-log.ts";
import { cardMaker } from "./card-maker.ts";
import { commonAssertions, type ScenarioOptions, type ScenarioRun } from "./run-scenario.ts";
import { scoreDay } from "./score-day.ts";
import { SLOT_MS, shortenedDay, type Turn } from "./shortened-day.ts";

/** Real time is dear: unless told otherwise, the day is that of a few people. */
const SIZE: Size = { kiosks: 2, people: 12 };
const ANSWER_MS = 10_000;
const DELIVERY_MS = 60_000;
const ASK_AGAIN_MS = 250;
/** A stay is noted when its code is shown; its row is made a moment later. */
const TRUTH_DOUBT_MS = 1_000;

/** Lives through a shortened day of a scenario in real time: untouched product processes, codes that come over pseudo terminals. */
export async function runOnWire(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioRun> {
  const folder = await mkdtemp(join(tmpdir(), "bluepost-wire-"));
  try {
    return await live(scenario, options, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function live(scenario: Scenario, options: ScenarioOptions, folder: string): Promise<ScenarioRun> {
  const started = performance.now();
  const rng = createRng(options.seed);
  const size: Size = { kiosks: options.kiosks ?? SIZE.kiosks, people: options.people ?? SIZE.people };
  const drawn = scenario.plan(size, rng);
  const plan = options.change?.(drawn) ?? drawn;
  const nowMs = Date.now();
  const midnight = (nowMs - ((nowMs + SITE_UTC_OFFSET_MS) % DAY_MS)) as WallMs;
  const engineDir = join(folder, "engine");
  const codes = await codesOf(plan, engineDir, midnight);
  const keyed = new Set<string>();
  const site = await ProcessSite.open({
    folder,
    site: "phu-quoc",
    doors: plan.doors.map(({ device, venue, venueName }) => ({ device, venue, name: venueName })),
    kioskSettings: ["door.minimumDwellSeconds=6"],
    log: (part, line) => {
      if (line.includes('"site_key.adopted"')) keyed.add(part);
    },
  });
  const day = new WireDay({ plan, site, codes, midnight });
  try {
    await linked(keyed, plan.doors.length);
    await day.live(options.progress);
    await delivered(engineDir, day.confirmed);
  } finally {
    await site.close();
  }
  const custody = custodyOf(await matched(engineDir, day.confirmed));
  const engine = await openEngine(engineDir);
  const scores = await scoreDay({ engine, plan, stays: day.lived, rng, midnight, truthDoubtMs: TRUTH_DOUBT_MS });
  await engine.close();
  const wallSeconds = (performance.now() - started) / 1_000;
  const report = {
    scenario: scenario.name,
    seed: options.seed,
    people: plan.people.length,
    kiosks: plan.doors.length,
    stays: plan.stays.length,
    ...custody,
    ...scores,
    assertions: commonAssertions({ ...custody, ...scores, gateway: {} }, scenario),
    timing: {
      scanToAnswerP50Ms: rounded(percentile(day.timesMs, 0.5), 2),
      scanToAnswerP99Ms: rounded(percentile(day.timesMs, 0.99), 2),
      wallSeconds: rounded(wallSeconds, 1),
      speedup: 1,
      ...(await deliveryOf(engineDir)),
    },
  };
  return { report, log: day.log.text() };
}

class WireDay {
  readonly log = new CanonicalLog();
  readonly timesMs: number[] = [];
  readonly #parts: { plan: Plan; site: ProcessSite; codes: readonly Uint8Array[]; midnight: WallMs };
  readonly #stays: Stay[];
  readonly #feeds: readonly ScreenFeed[];
  readonly #confirmed: ScreenRow[] = [];

  constructor(parts: { plan: Plan; site: ProcessSite; codes: readonly Uint8Array[]; midnight: WallMs }) {
    this.#parts = parts;
    this.#stays = [...parts.plan.stays];
    this.#feeds = parts.site.doors.map(
      ({ device, screen }) => new ScreenFeed(screen, (row) => this.#confirmed.push({ ...row, device })),
    );
  }

  /** Stays as they came to be, by the clock of this machine. */
  get lived(): readonly Stay[] {
    return this.#stays;
  }

  /** Rows of which a screen said that they are recorded. */
  get confirmed(): readonly ScreenRow[] {
    return this.#confirmed;
  }

  async live(progress: (done: number) => void = () => {}): Promise<void> {
    for (const feed of this.#feeds) feed.open();
    try {
      while (this.#feeds.some(({ state }) => state === null)) await pause(ASK_AGAIN_MS);
      const turns = shortenedDay(this.#parts.plan.stays);
      for (const [at, turn] of turns.entries()) {
        await pause((turn.slot - (turns[at - 1]?.slot ?? 0)) * SLOT_MS); // after a late turn all are later: the gaps must not shrink
        await this.#happen(turn);
        progress((at + 1) / turns.length);
      }
    } finally {
      for (const feed of this.#feeds) feed.close();
    }
  }

  async #happen({ slot, stay, direction }: Turn): Promise<void> {
    const { plan, site, codes, midnight } = this.#parts;
    const { door: doorIn, doorOut = doorIn, person } = plan.stays[stay] as Stay;
    const door = direction === "in" ? doorIn : doorOut;
    const startMs = performance.now();
    const answering = this.#feeds[door]?.next(ANSWER_MS);
    const atMs = Date.now() - midnight;
    await site.doors[door]?.scanner.present(codes[person] as Uint8Array);
    const answer = (await answering) ?? null;
    this.timesMs.push(performance.now() - startMs);
    const device = plan.doors[door]?.device ?? "";
    this.log.add({ atMs: slot * SLOT_MS, device, person, truth: direction, answer });
    this.#stays[stay] = { ...(this.#stays[stay] as Stay), ...(direction === "in" ? { fromMs: atMs } : { toMs: atMs }) };
  }
}

/** Everybody's code. The cards are signed by the engine that the doors will trust. */
async function codesOf(plan: Plan, engineDir: string, midnight: WallMs): Promise<readonly Uint8Array[]> {
  const engine = await openEngine(engineDir);
  try {
    const makeCard = await cardMaker(engine, midnight);
    return await Promise.all(plan.people.map((person: Person) => payloadOf(person, makeCard)));
  } finally {
    await engine.close();
  }
}

function openEngine(engineDir: string): Promise<Engine> {
  return createEngine({
    config: loadEngineConfig({ env: {}, flags: [`dataDir=${engineDir}`] }),
    now: () => Date.now() as WallMs,
    log: silentLogger,
    crypto: nodeCrypto,
  });
}

/** Waits until all doors have the key that they share: from then on whoever came by one may leave by another. */
async function linked(keyed: ReadonlySet<string>, doors: number): Promise<void> {
  const endMs = performance.now() + DELIVERY_MS;
  while (keyed.size < doors && performance.now() < endMs) await pause(ASK_AGAIN_MS);
}

async function delivered(engineDir: string, confirmed: readonly ScreenRow[]): Promise<void> {
  const endMs = performance.now() + DELIVERY_MS;
  while ((await matched(engineDir, confirmed)).missing.length > 0 && performance.now() < endMs)
    await pause(ASK_AGAIN_MS);
}

/** Row by row. No power goes here, so a row that no screen confirmed is one too many. */
function custodyOf({ stored, missing, copies, unseen }: MatchedRows<ScreenRow>): Custody {
  const lost = missing.length;
  return { accepted: stored + lost, stored, lost, duplicated: copies + unseen, tombstoned: 0 };
}

async function matched(engineDir: string, confirmed: readonly ScreenRow[]): Promise<MatchedRows<ScreenRow>> {
  const database = await openHeld(engineDir);
  try {
    return matchRows(confirmed, await heldRows(database));
  } finally {
    await database.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
