import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createEngine, type Engine, issueSiteBundle, loadEngineConfig } from "../../engine/app.ts";
import { parseSiteId } from "../../protocol/ids.ts";
import { HOUR_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { compareCustody } from "../report/custody.ts";
import { deliveryOf } from "../report/delivery.ts";
import { percentile, rounded } from "../report/timing.ts";
import { createRng, type Rng } from "../rng.ts";
import { type Assertion, expectThat, type Found, type Plan, type Scenario, type Size } from "../scenarios/scenario.ts";
import { VirtualSite } from "../site/virtual-site.ts";
import { VirtualTime } from "../time/virtual-time.ts";
import { makeWorldFolder } from "../world-folder.ts";
import { CanonicalLog } from "./canonical-log.ts";
import { cardMaker } from "./card-maker.ts";
import { LivingWorld } from "./living-world.ts";
import type { ScenarioReport } from "./scenario-report.ts";
import { scoreDay } from "./score-day.ts";

export interface ScenarioOptions extends Partial<Size> {
  readonly seed: string;
  /** Changes the plan: for tests that must fail. */
  readonly change?: (plan: Plan) => Plan;
  /** Told of progress, 0 to 1. */
  readonly progress?: (done: number) => void;
}

/** A report, and the log of what was true and what the doors answered. */
export interface ScenarioRun {
  readonly report: ScenarioReport;
  /** One JSON line an event, sorted by virtual time: the same bytes for the same scenario, seed and size. */
  readonly log: string;
}

/** Monday, 16 November 2026, midnight in Vietnam. */
const MIDNIGHT = (Date.UTC(2026, 10, 16) - SITE_UTC_OFFSET_MS) as WallMs;
const BEFORE_MS = 0.5 * HOUR_MS;
const AFTERWARDS_MS = 0.5 * HOUR_MS;

/** Lives through a scenario in one process and virtual time: real kiosks, gateway and engine over virtual hardware. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioRun> {
  const folder = await makeWorldFolder("bluepost-sim-");
  try {
    return await live(scenario, options, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function live(scenario: Scenario, options: ScenarioOptions, folder: string): Promise<ScenarioRun> {
  const started = performance.now();
  const rng = createRng(options.seed);
  const size: Size = { kiosks: options.kiosks ?? scenario.size.kiosks, people: options.people ?? scenario.size.people };
  const drawn = scenario.plan(size, rng);
  const plan = options.change?.(drawn) ?? drawn;
  const beginsMs = plan.beginsMs ?? Math.min(...plan.stays.map(({ fromMs }) => fromMs)) - BEFORE_MS;
  const time = new VirtualTime((MIDNIGHT + beginsMs) as WallMs);
  const engineDir = join(folder, "engine");
  const engine = await createEngine({
    config: loadEngineConfig({ env: {}, flags: [`dataDir=${engineDir}`] }),
    now: () => time.wall(),
    log: silentLogger,
    crypto: nodeCrypto,
  });
  const site = await openSite({ plan, engine, time, folder, rng });
  const log = new CanonicalLog();
  const makeCard = await cardMaker(engine, MIDNIGHT);
  const world = new LivingWorld({ plan, engine, site, time, folder, rng: rng.fork("faults"), beginsMs, makeCard, log });
  await world.live(AFTERWARDS_MS, options.progress);
  const gateway = await site.gatewayCounters();
  const { answers } = site;
  const times = site.kiosks.flatMap((kiosk) => kiosk.answerTimesMs);
  const scores = await scoreDay({ engine, plan, stays: world.lived, rng, midnight: MIDNIGHT, truthDoubtMs: 0 });
  const custody = await compareCustody(engineDir, answers);
  const delivery = await deliveryOf(engineDir);
  const found: Found = { ...custody, ...scores, gateway };
  const own = (await scenario.check?.(world, found)) ?? [];
  const extra = scenario.extra?.(world) ?? {};
  await site.close();
  await engine.close();
  const wallSeconds = (performance.now() - started) / 1_000;
  const report: ScenarioReport = {
    scenario: scenario.name,
    seed: options.seed,
    people: plan.people.length,
    kiosks: plan.doors.length,
    stays: plan.stays.length,
    ...custody,
    ...scores,
    ...extra,
    assertions: [...commonAssertions(found, scenario), ...own],
    timing: {
      scanToAnswerP50Ms: rounded(percentile(times, 0.5), 2),
      scanToAnswerP99Ms: rounded(percentile(times, 0.99), 2),
      wallSeconds: rounded(wallSeconds, 1),
      speedup: Math.round(time.now() / 1_000 / wallSeconds),
      ...delivery,
      mostUnsent: world.mostUnsent,
    },
  };
  return { report, log: log.text() };
}

/** What holds in every scenario. */
export function commonAssertions(found: Found, { overlapsMayDiffer, losesRows }: Scenario): readonly Assertion[] {
  const { lost, duplicated, visitOverlap, certainMinutes } = found;
  const { beyondTruth, missed } = certainMinutes;
  return [
    expectThat("nothing that a screen confirmed is lost unnamed", lost === 0, lost),
    expectThat("nothing is stored twice", duplicated === 0, duplicated),
    ...(losesRows ? [] : [expectThat("no minute is called certain that never was", beyondTruth === 0, beyondTruth)]),
    ...(overlapsMayDiffer
      ? []
      : [
          expectThat("every overlap is found", visitOverlap.recall === 1, visitOverlap.recall),
          expectThat("no overlap is invented", visitOverlap.precision === 1, visitOverlap.precision),
          expectThat("certain minutes are all there, but for the clocks' doubt", missed === 0, missed),
        ]),
  ];
}

async function openSite(parts: {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly time: VirtualTime;
  readonly folder: string;
  readonly rng: Rng;
}): Promise<VirtualSite> {
  const { plan, engine, time, folder, rng } = parts;
  const site = parseSiteId("phu-quoc");
  const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site, nowMs: time.wall() });
  for (const { venue, name, type } of plan.venues) {
    await engine.putVenue({ venue, name, type, closingHour: null } as Parameters<Engine["putVenue"]>[0]);
  }
  return VirtualSite.open({ folder, doors: plan.doors, engine, bundle, time, rng: rng.fork("site") });
}
