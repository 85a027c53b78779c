import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine, issueSiteBundle, loadEngineConfig } from "../../engine/app.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { importSigningKey } from "../../protocol/cose.ts";
import { parseSiteId, parseVenueId } from "../../protocol/ids.ts";
import { issueCard } from "../../protocol/qr/bp1-card.ts";
import { DAY_MS, HOUR_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { compareCustody } from "../report/custody.ts";
import { percentile, rounded } from "../report/timing.ts";
import { pairOf, type Score, scoreOf, trueContacts, trueOverlaps } from "../report/truth.ts";
import { createRng } from "../rng.ts";
import type { DoorSpec } from "../site/door-spec.ts";
import type { VirtualKiosk } from "../site/virtual-kiosk.ts";
import { VirtualSite } from "../site/virtual-site.ts";
import { VirtualTime } from "../time/virtual-time.ts";
import { documentOf } from "../world/documents.ts";
import { type CardMaker, payloadOf } from "../world/payloads.ts";
import { createPeople, type Person } from "../world/people.ts";
import { realCodes } from "../world/real-codes.ts";
import { createWalks } from "../world/rooms.ts";
import { createSchedule, type Stay } from "../world/schedule.ts";

export interface FirstDayOptions {
  readonly seed: string;
  readonly people?: number;
  readonly kiosks?: number;
  /** Clock of one kiosk that nobody set right: shifted, and believed. For the test that shows what a wrong clock costs. */
  readonly shiftedClock?: { readonly kiosk: number; readonly byMs: number };
  /** Told of progress, 0 to 1. */
  readonly progress?: (done: number) => void;
}

/** What a run found. Everything but `timing` is the same for the same seed. */
export interface FirstDayReport {
  readonly scenario: "first-day";
  readonly seed: string;
  readonly people: number;
  readonly kiosks: number;
  readonly stays: number;
  readonly cases: number;
  /** Codes that nobody here made, shown at the first door before it opens: what it made of them. */
  readonly realCodes: {
    readonly shown: number;
    readonly admitted: number;
    readonly refused: number;
    readonly posters: number;
  };
  readonly accepted: number;
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Who was at a place at the same time, found by the engine against the world's truth: a check of the software. */
  readonly visitOverlap: Score;
  /** Who was within 2 m for 15 minutes, as far as a door log can know: printed, no target. */
  readonly contact2m15: Score;
  readonly timing: {
    readonly scanToAnswerP50Ms: number;
    readonly scanToAnswerP99Ms: number;
    readonly wallSeconds: number;
    readonly speedup: number;
  };
}

/** Venue of each door: the first venue has two, so that a wrong clock at one of them shows. */
const DOORS = [0, 0, 1, 2, 3, 4] as const;

/** The world begins half an hour before the doors open, and ends half an hour after the last visitor: nights cost time too. */
const BEGINS_MS = 6.5 * HOUR_MS;
const AFTERWARDS_MS = 0.5 * HOUR_MS;

/** Monday, 16 November 2026, midnight in Vietnam. */
const MIDNIGHT = (Date.UTC(2026, 10, 16) - SITE_UTC_OFFSET_MS) as WallMs;
const DATE = "2026-11-16";
const CASES = 10;
/** Half a second: below the second that the world's events are planned in, above the doubt of a set clock. */
const OVERLAP_MINUTES = 0.5 / 60;

const VENUES = ["7k3m9q2x", "8m4n0r3y", "9n5p1s4z", "ap6q2t50", "bq7r3v61"] as const;
const NAMES = [
  "Chợ Dương Đông",
  "Trường THPT An Thới",
  "Trung tâm Y tế Phú Quốc",
  "Bến tàu Rạch Giá",
  "Nhà hàng Vĩnh Bảo",
] as const;

/** One ordinary day at a site: real kiosks, gateway and engine, virtual people and time; then some of them turn out to be cases. */
export async function runFirstDay(options: FirstDayOptions): Promise<FirstDayReport> {
  const folder = await mkdtemp(join(tmpdir(), "bluepost-sim-"));
  const startedMs = performance.now();
  try {
    return await new FirstDay(options, folder, startedMs).run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class FirstDay {
  readonly #options: FirstDayOptions;
  readonly #folder: string;
  readonly #startedMs: number;
  readonly #time = new VirtualTime((MIDNIGHT + BEGINS_MS) as WallMs);
  readonly #people: readonly Person[];
  readonly #stays: readonly Stay[];
  readonly #doors: readonly DoorSpec[];

  constructor(options: FirstDayOptions, folder: string, startedMs: number) {
    this.#options = options;
    this.#folder = folder;
    this.#startedMs = startedMs;
    const rng = createRng(options.seed);
    const kiosks = Math.min(options.kiosks ?? 3, DOORS.length);
    this.#people = createPeople(rng.fork("people"), options.people ?? 100);
    this.#stays = createSchedule(rng.fork("schedule"), this.#people, { doors: DOORS.slice(0, kiosks) });
    this.#doors = Array.from({ length: kiosks }, (_, at) => this.#door(at));
  }

  async run(): Promise<FirstDayReport> {
    const engineDir = join(this.#folder, "engine");
    const engine = await createEngine({
      config: loadEngineConfig({ env: {}, flags: [`dataDir=${engineDir}`] }),
      now: () => this.#time.wall(),
      log: silentLogger,
      crypto: nodeCrypto,
    });
    const site = await this.#openSite(engine);
    const codes = await this.#showRealCodes(site);
    await this.#live(site, await cardMaker(engine));
    const answers = new Map(site.kiosks.map((kiosk) => [kiosk.device, kiosk.answers]));
    const times = site.kiosks.flatMap((kiosk) => kiosk.answerTimesMs);
    const scores = await this.#trace(engine);
    await site.close();
    await engine.close();
    const custody = await compareCustody(engineDir, answers);
    return { ...this.#head(), realCodes: codes, ...custody, ...scores, timing: this.#timing(times) };
  }

  #door(at: number): DoorSpec {
    const shifted = this.#options.shiftedClock?.kiosk === at ? this.#options.shiftedClock : null;
    const venue = DOORS[at] as number;
    return {
      device: `door-${at + 1}`,
      venue: parseVenueId(VENUES[venue]),
      venueName: NAMES[venue] as string,
      clock: { wallOffsetMs: shifted?.byMs ?? 0, state: "ntp", uncertaintyMs: 50 },
      withoutTime: shifted !== null,
    };
  }

  async #openSite(engine: Engine): Promise<VirtualSite> {
    const siteId = parseSiteId("phu-quoc");
    const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site: siteId, nowMs: this.#time.wall() });
    for (const { venue, venueName } of this.#doors) {
      await engine.putVenue({ venue, name: venueName, type: "other", closingHour: null });
    }
    const rng = createRng(this.#options.seed).fork("site");
    return VirtualSite.open({ folder: this.#folder, doors: this.#doors, engine, bundle, time: this.#time, rng });
  }

  /** A tester shows codes of real systems, one a second; none of them may upset the door. */
  async #showRealCodes(site: VirtualSite): Promise<FirstDayReport["realCodes"]> {
    const kiosk = site.kiosks[0] as VirtualKiosk;
    const counts = { shown: 0, admitted: 0, refused: 0, posters: 0 };
    for (const code of realCodes()) {
      await this.#time.advanceTo(this.#time.now() + 1_000, () => site.settle());
      const answer = await kiosk.scan(utf8(code));
      counts.shown += 1;
      if (answer?.code === "in_ok") counts.admitted += 1;
      else if (answer?.code === "poster") counts.posters += 1;
      else if (answer !== null && answer.code !== "party_ok") counts.refused += 1;
    }
    return counts;
  }

  /** Lets everybody come and go; nobody forgets to scan on the way out. */
  async #live(site: VirtualSite, makeCard: CardMaker): Promise<void> {
    const events = this.#stays
      .flatMap(({ person, door, fromMs, toMs }) => [fromMs, toMs].map((atMs) => ({ person, door, atMs })))
      .sort((a, b) => a.atMs - b.atMs || a.person - b.person);
    for (const [done, { person, door, atMs }] of events.entries()) {
      await this.#time.advanceTo(atMs - BEGINS_MS, () => site.settle());
      await site.kiosks[door]?.scan(await payloadOf(this.#people[person] as Person, makeCard));
      await site.settle();
      this.#options.progress?.((done + 1) / events.length);
    }
    await this.#time.advanceTo(this.#time.now() + AFTERWARDS_MS, () => site.settle());
    await site.settle();
  }

  async #trace(engine: Engine): Promise<Pick<FirstDayReport, "visitOverlap" | "contact2m15">> {
    const byKey = new Map(this.#people.map((person) => [engine.personOf(documentOf(person)), person.index]));
    const met = new Set<string>();
    const close = new Set<string>();
    const cases = this.#caseIndexes();
    for (const index of cases) {
      const document = documentOf(this.#people[index] as Person);
      const { id } = await engine.addCase({ documents: [document], sample: DATE });
      for (const { person, minutesCertain, minutesPossible } of (await engine.trace(id)).persons) {
        const other = byKey.get(person);
        if (other === undefined) continue;
        if ((minutesCertain + minutesPossible) / 2 >= OVERLAP_MINUTES) met.add(pairOf(index, other));
        if (minutesCertain >= 15) close.add(pairOf(index, other));
      }
    }
    const walks = createWalks(createRng(this.#options.seed).fork("rooms"), this.#people, this.#stays);
    return {
      visitOverlap: roundScore(scoreOf(met, trueOverlaps(this.#stays, cases))),
      contact2m15: roundScore(scoreOf(close, trueContacts(this.#stays, walks, cases))),
    };
  }

  #caseIndexes(): ReadonlySet<number> {
    const rng = createRng(this.#options.seed).fork("cases");
    const went = [...new Set(this.#stays.map(({ person }) => person))];
    return new Set(Array.from({ length: CASES }, () => rng.pick(went)));
  }

  #head(): Pick<FirstDayReport, "scenario" | "seed" | "people" | "kiosks" | "stays" | "cases"> {
    return {
      scenario: "first-day",
      seed: this.#options.seed,
      people: this.#people.length,
      kiosks: this.#doors.length,
      stays: this.#stays.length,
      cases: this.#caseIndexes().size,
    };
  }

  #timing(times: readonly number[]): FirstDayReport["timing"] {
    const wallSeconds = (performance.now() - this.#startedMs) / 1_000;
    return {
      scanToAnswerP50Ms: rounded(percentile(times, 0.5), 2),
      scanToAnswerP99Ms: rounded(percentile(times, 0.99), 2),
      wallSeconds: rounded(wallSeconds, 1),
      speedup: Math.round(this.#time.now() / 1_000 / wallSeconds),
    };
  }
}

function roundScore({ recall, precision }: Score): Score {
  return { recall: rounded(recall, 4), precision: rounded(precision, 4) };
}

/** Cards signed by the engine's own issuer, valid for a year. */
async function cardMaker(engine: Engine): Promise<CardMaker> {
  const { cardIssuer } = engine.keys;
  const key = await importSigningKey(cardIssuer);
  const kid = nodeCrypto.sha256(cardIssuer.publicKey).slice(0, 4);
  const today = Math.floor(MIDNIGHT / DAY_MS);
  return (serial) => issueCard({ serial, kind: 1, issuedDay: today - 30, expiresDay: today + 335 }, { key, kid });
}
