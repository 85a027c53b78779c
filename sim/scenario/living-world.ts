import type { Engine } from "../../engine/app.ts";
import { SECOND_MS } from "../../protocol/units.ts";
import type { Rng } from "../rng.ts";
import type { Plan, World } from "../scenarios/scenario.ts";
import type { VirtualSite } from "../site/virtual-site.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import { type CardMaker, payloadOf } from "../world/payloads.ts";
import type { Person } from "../world/people.ts";
import type { Stay } from "../world/schedule.ts";
import type { CanonicalLog } from "./canonical-log.ts";

/** Visitors who waited before a dark door come this long after one another, milliseconds. */
const QUEUE_MS = 5 * SECOND_MS;

export interface LivingWorldParts {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly site: VirtualSite;
  readonly time: VirtualTime;
  readonly folder: string;
  readonly rng: Rng;
  /** Midnight to the world's beginning, milliseconds. */
  readonly beginsMs: number;
  readonly makeCard: CardMaker;
  readonly log: CanonicalLog;
}

/** Somebody comes to a door. */
interface Visit {
  readonly stay: number;
  readonly direction: "in" | "out";
}

/** A world in which people come and go as planned and things go wrong as planned. */
export class LivingWorld implements World {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly site: VirtualSite;
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly folder: string;
  readonly notes = new Map<string, unknown>();
  readonly #parts: LivingWorldParts;
  readonly #stays: Stay[];
  readonly #waiting = new Map<number, Visit[]>();
  readonly #cutNext = new Set<number>();
  #mostUnsent = 0;

  constructor(parts: LivingWorldParts) {
    ({
      plan: this.plan,
      engine: this.engine,
      site: this.site,
      time: this.time,
      rng: this.rng,
      folder: this.folder,
    } = parts);
    this.#parts = parts;
    this.#stays = [...parts.plan.stays];
  }

  /** Stays as they came to be: whoever had to wait at a door came later. */
  get lived(): readonly Stay[] {
    return this.#stays;
  }

  /** Most rows that one kiosk had and the engine had not confirmed. */
  get mostUnsent(): number {
    return this.#mostUnsent;
  }

  cutPowerInNextScan(door: number): void {
    this.#cutNext.add(door);
  }

  async restorePower(door: number): Promise<void> {
    await this.site.restorePower(door);
    const waiting = this.#waiting.get(door) ?? [];
    this.#waiting.delete(door);
    for (const visit of waiting) {
      await this.#advanceTo(this.time.now() + QUEUE_MS);
      await this.#visit(door, visit);
    }
  }

  /** Lives through everything that is planned, and a while more. */
  async live(afterwardsMs: number, progress: (done: number) => void = () => {}): Promise<void> {
    const { beginsMs } = this.#parts;
    const events = this.#events();
    for (const [at, event] of events.entries()) {
      await this.#advanceTo(event.atMs - beginsMs);
      await event.happen();
      await this.site.settle();
      this.#mostUnsent = Math.max(this.#mostUnsent, ...this.site.kiosks.map(({ unsent }) => unsent));
      progress((at + 1) / events.length);
    }
    await this.#advanceTo(this.time.now() + afterwardsMs);
    await this.site.settle();
  }

  #events(): readonly { readonly atMs: number; readonly happen: () => Promise<void> }[] {
    const visits = this.plan.stays.flatMap(
      ({ person, door, doorOut = door, fromMs, toMs, isForgotten = false }, stay) => [
        { atMs: fromMs, person, happen: () => this.#visit(door, { stay, direction: "in" }) },
        ...(isForgotten
          ? []
          : [{ atMs: toMs, person, happen: () => this.#visit(doorOut, { stay, direction: "out" }) }]),
      ],
    );
    const faults = (this.plan.faults ?? []).map(({ atMs, strike, isRoutine }) => ({
      atMs,
      person: -1,
      happen: async () => {
        if (!isRoutine)
          this.#parts.log.add({ atMs: this.#nowMs(), device: "", person: null, truth: "fault", answer: null });
        await strike(this);
      },
    }));
    return [...visits, ...faults].sort((a, b) => a.atMs - b.atMs || a.person - b.person);
  }

  async #visit(door: number, visit: Visit): Promise<void> {
    const { stay, direction } = visit;
    if (this.site.isDark(door)) {
      this.#wait(door, visit);
      return;
    }
    const kiosk = this.site.kiosks[door];
    const planned = this.#stays[stay] as Stay;
    const payload = await payloadOf(this.plan.people[planned.person] as Person, this.#parts.makeCard);
    if (this.#cutNext.delete(door)) {
      if (this.rng.chance(0.5)) await kiosk?.scan(payload, false); // committed, and nobody saw it
      await this.site.cutPower(door);
      this.#wait(door, visit);
      return;
    }
    const answer = (await kiosk?.scan(payload))?.code ?? null;
    const { log } = this.#parts;
    log.add({ atMs: this.#nowMs(), device: kiosk?.device ?? "", person: planned.person, truth: direction, answer });
    if (answer !== null && answer !== "already") this.#stays[stay] = this.#moved(planned, direction);
  }

  /** "already" means that the first attempt counted, although its answer was never seen: then the plan's time holds. */
  #moved(stay: Stay, direction: Visit["direction"]): Stay {
    return direction === "in" ? { ...stay, fromMs: this.#nowMs() } : { ...stay, toMs: this.#nowMs() };
  }

  #wait(door: number, visit: Visit): void {
    this.#waiting.set(door, [...(this.#waiting.get(door) ?? []), visit]);
  }

  #nowMs(): number {
    return this.time.now() + this.#parts.beginsMs;
  }

  #advanceTo(untilMs: number): Promise<void> {
    return this.time.advanceTo(Math.max(untilMs, this.time.now()), () => this.site.settle());
  }
}
