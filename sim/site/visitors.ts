import type { Rng } from "../rng.ts";
import { documentOf } from "../world/documents.ts";
import { payloadOf } from "../world/payloads.ts";
import { createPeople, type Person } from "../world/people.ts";
import type { ProcessDoor } from "./process-site.ts";

export interface VisitorsOptions {
  readonly rng: Rng;
  readonly doors: readonly ProcessDoor[];
  readonly people: number;
  /** Shortest stay, milliseconds: longer than the door's minimum dwell. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Mean time between two visitors who come, milliseconds. */
  readonly everyMs: number;
  readonly seen: (event: {
    readonly door: ProcessDoor;
    readonly person: Person;
    readonly direction: "in" | "out";
  }) => void;
}

/** People who come, stay for a while and leave, for as long as `signal` lets them. */
export async function letVisitorsCome(options: VisitorsOptions, signal: AbortSignal): Promise<void> {
  const { rng, doors } = options;
  const people = createPeople(rng.fork("people"), options.people, ["cccd", "vn1405", "bhyt"]);
  const away = new Set(people);
  while (!signal.aborted) {
    const free = [...away];
    if (free.length > 0) {
      const person = rng.pick(free);
      away.delete(person);
      const stayMs = rng.integer(options.shortestMs, options.longestMs);
      void visit({ ...options, door: rng.pick(doors), person, stayMs }, signal).then(() => away.add(person));
    }
    await wait(-Math.log(1 - rng.next()) * options.everyMs, signal);
  }
}

async function visit(
  plan: VisitorsOptions & { readonly door: ProcessDoor; readonly person: Person; readonly stayMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { door, person, seen } = plan;
  const payload = await payloadOf(person, () => Promise.resolve(documentOf(person).id));
  seen({ door, person, direction: "in" });
  await door.scanner.present(payload);
  await wait(plan.stayMs, signal);
  if (signal.aborted) return;
  seen({ door, person, direction: "out" });
  await door.scanner.present(payload);
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
