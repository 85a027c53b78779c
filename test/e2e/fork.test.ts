import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ScanAnswer } from "../../kiosk/app.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { MINUTE_MS } from "../../protocol/units.ts";
import { compareCustody } from "../../sim/report/custody.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";
import { waitFor } from "../support/wait-for.ts";

let shown = 0;
/** Shows so many citizen cards that nobody showed before. */
async function visit(kiosk: VirtualKiosk, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    shown += 1;
    const number = `091090${String(shown).padStart(6, "0")}`;
    const answer = await kiosk.scan(utf8(`${number}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`));
    expect(answer?.code).toBe("in_ok");
  }
}

it("loses nothing and merges nothing when a ledger is copied and both copies are used", async () => {
  const folder = tempFolder();
  const world = await openVirtualWorld(folder);
  const original = world.site.kiosks[0] as VirtualKiosk;
  const answers: (ScanAnswer | null)[] = [];
  const quiet = (kiosk: VirtualKiosk): Promise<unknown> =>
    waitFor(() => kiosk.isAtRest(), { timeoutMs: 20_000, what: "all receipts" });

  await visit(original, 5);
  await quiet(original);
  await world.site.network.setLink("door-1" as never, false);
  await visit(original, 2); // these two stand in both copies, and the engine has not seen them
  answers.push(...original.answers);
  await original.close();
  cpSync(join(folder, "door-1"), join(folder, "copied"), { recursive: true });

  // Each machine has a life of its own from here on: same device, same epoch, same numbers, other people.
  await world.site.network.setLink("door-1" as never, true);
  await world.wait(MINUTE_MS);
  const first = await world.site.openCopy(0, join(folder, "door-1"));
  await visit(first, 3);
  await quiet(first);
  answers.push(...first.answers);
  expect(first.status.forks).toBe(0);
  await first.close();

  await world.wait(MINUTE_MS);
  const second = await world.site.openCopy(0, join(folder, "copied"));
  await visit(second, 4);
  await waitFor(() => second.status.forks > 0, { timeoutMs: 20_000, what: "the fork to be noticed" });
  await quiet(second);
  await visit(second, 1);
  await quiet(second);
  answers.push(...second.answers);
  await second.close();

  const third = await world.site.openCopy(0, join(folder, "door-1"));
  await visit(third, 2);
  await quiet(third);
  answers.push(...third.answers);
  await third.close();

  const counters = await world.site.gatewayCounters();
  await world.engine.settle();
  const { persons } = await world.engine.stats();
  const custody = await compareCustody(world.engineDir, new Map([["door-1", answers]]));
  expect(custody).toEqual({ accepted: 17, stored: 17, lost: 0, duplicated: 0, tombstoned: 0 });
  expect(persons).toBe(17);
  expect(counters["stream.forked"]).toBeGreaterThan(0);
  await world.engine.close();
});
