import { expect, it, vi } from "vitest";
import { SealingSession } from "../../protocol/checkin/sealing.ts";
import { HOUR_MS } from "../../protocol/units.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

it("a door at which nobody scans all night does not keep the keys of the evening's rows", async () => {
  const opened = vi.spyOn(SealingSession, "open");
  const world = await openVirtualWorld(tempFolder());
  const before = opened.mock.calls.length;
  await world.wait(3.5 * HOUR_MS);
  expect(opened.mock.calls.length - before).toBe(3);
  await world.close();
});
