import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";
import { waitFor } from "../support/wait-for.ts";

const NUMBER = "091090000001";
const CARD = utf8(`${NUMBER}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);

it("welcomes in the morning whoever forgot to check out the day before, counts nobody overnight, and the engine sees two stays", async () => {
  const world = await openVirtualWorld(tempFolder());
  const door = world.site.kiosks[0] as VirtualKiosk;
  const beganMs = world.time.wall();
  expect((await door.scan(CARD))?.code).toBe("in_ok");
  await world.wait(15 * HOUR_MS);
  expect(door.status.inside).toBe(1);
  await world.wait(2 * HOUR_MS);
  expect(door.status.inside).toBe(0);

  await world.wait(DAY_MS - 17 * HOUR_MS);
  expect((await door.scan(CARD))?.code).toBe("in_ok");
  expect(door.status.inside).toBe(1);
  await world.wait(HOUR_MS);
  expect((await door.scan(CARD))?.code).toBe("out_ok");
  await waitFor(async () => {
    await world.wait(MINUTE_MS);
    return door.isAtRest() && door.unsent === 0;
  });

  const visits = await world.engine.visits([world.engine.personOf({ scheme: "cccd", id: NUMBER })]);
  expect(visits).toHaveLength(2);
  const minutes = (ms: number | null | undefined): number => Math.round(((ms ?? Number.NaN) - beganMs) / MINUTE_MS);
  const [first, second] = visits.map(({ from, to }) => [minutes(from), minutes(to)] as const);
  expect(first?.[0]).toBeCloseTo(0);
  expect(first?.[1]).toBeLessThan(12 * 60);
  expect(second).toEqual([24 * 60, 25 * 60]);
  await world.close();
});

it("does so too at a door that is switched off at night and wakes up without a clock", async () => {
  const world = await openVirtualWorld(tempFolder(), {
    doors: [{ clock: { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 } }],
  });
  await world.wait(MINUTE_MS);
  expect((await world.site.kiosks[0]?.scan(CARD))?.code).toBe("in_ok");
  await world.wait(8 * HOUR_MS);
  await world.site.cutPower(0);
  await world.wait(14 * HOUR_MS);
  await world.site.restorePower(0);
  const door = world.site.kiosks[0] as VirtualKiosk;
  await world.wait(MINUTE_MS);
  expect(door.status.inside).toBe(0);
  await world.wait(5 * MINUTE_MS);
  expect((await door.scan(CARD))?.code).toBe("in_ok");
  await world.close();
});
