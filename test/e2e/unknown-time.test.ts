import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { SECOND_MS } from "../../protocol/units.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const DOOR = parseDeviceId("door-1");
const CARD = utf8("091090000101||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021");

it("names no time while it knows none, and the right one of an earlier check-in once the gateway has told it", async () => {
  const clock = { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 } as const;
  const world = await openVirtualWorld(tempFolder(), { doors: [{ clock }] });
  const door = world.site.kiosks[0] as VirtualKiosk;
  await world.site.network.setLink(DOOR, false);
  expect(door.clock.now().state).toBe("unsynced");

  const trueMs = world.time.wall();
  expect(await door.scan(CARD)).toMatchObject({ code: "in_ok", timeKnown: false });
  await world.wait(10 * SECOND_MS);
  expect(await door.scan(CARD)).toMatchObject({ code: "already", timeKnown: false });

  await world.site.network.setLink(DOOR, true);
  await world.wait(30 * SECOND_MS);
  const after = await door.scan(CARD);
  expect(after).toMatchObject({ code: "already", timeKnown: true });
  expect(Math.abs((after?.atMs ?? 0) - trueMs)).toBeLessThan(SECOND_MS);
  await world.close();
});
