import type { LabPerson, LabRoom } from "../../protocol/http/lab.ts";
import type { Rng } from "../rng.ts";
import { documentOf } from "../world/documents.ts";
import { payloadOf } from "../world/payloads.ts";
import { createPeople, type Person } from "../world/people.ts";
import { distance, type Position } from "../world/rooms.ts";
import type { LabKiosk } from "./lab-kiosk.ts";

/** People of the lab are in a hurry, metres a second. */
const SPEED_M_PER_S = 3;
const TICK_MS = 100;
const STAY_MS = { from: 12_000, to: 45_000 } as const;
const STREET_MS = { from: 4_000, to: 40_000 } as const;

export interface CrowdOptions {
  readonly rng: Rng;
  readonly people: number;
  readonly doors: readonly { readonly kiosk: LabKiosk; readonly room: LabRoom }[];
  /** Where people are who are nowhere. */
  readonly street: { readonly x: number; readonly y: number; readonly width: number; readonly depth: number };
}

interface Walker {
  readonly person: Person;
  at: Position;
  target: Position;
  doing: LabPerson["doing"];
  /** Ends a walk. */
  arrived: () => void;
  /** Ends the time in the street, with the door to go to. */
  called: ((door: number) => void) | null;
}

/** People who walk up to the doors of a lab, show their codes, stay a while, and leave. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #walkers: readonly Walker[];

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { rng } = options;
    const people = createPeople(rng.fork("people"), options.people, ["cccd", "vn1405", "bhyt"]);
    this.#walkers = people.map((person) => {
      const at = this.#somewhere(options.street);
      return { person, at, target: at, doing: "walks", arrived: () => {}, called: null };
    });
  }

  get people(): readonly LabPerson[] {
    return this.#walkers.map(({ person, at, doing }) => ({ id: person.index, x: at.x, y: at.y, doing }));
  }

  /** Lets everybody live until `signal` aborts. */
  live(signal: AbortSignal): void {
    const timer = setInterval(() => this.#step(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    for (const walker of this.#walkers) void this.#liveOne(walker, signal);
  }

  /** Sends somebody who has nothing to do to a door. @returns false when everybody is busy */
  call(door: number): boolean {
    const free = this.#walkers.find(({ called }) => called !== null);
    free?.called?.(door);
    return free !== undefined;
  }

  async #liveOne(walker: Walker, signal: AbortSignal): Promise<void> {
    const { rng, doors, street } = this.#options;
    while (!signal.aborted) {
      const number = await this.#idle(walker);
      const door = doors[number];
      if (!door || signal.aborted) continue;
      if ((await this.#ask(walker, door.kiosk)) === "in_ok") {
        await this.#walk(walker, this.#somewhere(door.room));
        walker.doing = "stays";
        await wait(rng.integer(STAY_MS.from, STAY_MS.to));
        await this.#ask(walker, door.kiosk); // nobody is kept inside by a dark kiosk
      }
      await this.#walk(walker, this.#somewhere(street));
    }
  }

  #idle(walker: Walker): Promise<number> {
    const { rng, doors } = this.#options;
    return new Promise((resolve) => {
      const go = (door: number): void => {
        clearTimeout(timer);
        walker.called = null;
        resolve(door);
      };
      const timer = setTimeout(() => go(rng.integer(0, doors.length - 1)), rng.integer(STREET_MS.from, STREET_MS.to));
      walker.called = go;
    });
  }

  async #ask(walker: Walker, kiosk: LabKiosk): Promise<string | null> {
    await this.#walk(walker, kiosk.place);
    walker.doing = "asks";
    const { person } = walker;
    return kiosk.show(await payloadOf(person, () => Promise.resolve(documentOf(person).id)));
  }

  #walk(walker: Walker, target: Position): Promise<void> {
    walker.doing = "walks";
    walker.target = target;
    return new Promise((resolve) => {
      walker.arrived = resolve;
    });
  }

  #step(): void {
    const stride = (SPEED_M_PER_S * TICK_MS) / 1_000;
    for (const walker of this.#walkers) {
      const left = distance(walker.at, walker.target);
      if (left <= stride) {
        walker.at = walker.target;
        walker.arrived();
        continue;
      }
      const share = stride / left;
      walker.at = {
        x: walker.at.x + (walker.target.x - walker.at.x) * share,
        y: walker.at.y + (walker.target.y - walker.at.y) * share,
      };
    }
  }

  #somewhere(area: CrowdOptions["street"]): Position {
    const { rng } = this.#options;
    return { x: area.x + (0.1 + 0.8 * rng.next()) * area.width, y: area.y + (0.1 + 0.8 * rng.next()) * area.depth };
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
