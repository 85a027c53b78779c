import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import type { Reported } from "../../protocol/mqtt/fleet.ts";
import { MINUTE_MS } from "../../protocol/units.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";
import { waitFor } from "../support/wait-for.ts";

const DOOR = parseDeviceId("door-1");
const OTHER = parseDeviceId("door-2");

it("tries settings from afar at a real door, keeps good ones, goes back from bad ones, and the other door notices nothing", async () => {
  const world = await openVirtualWorld(tempFolder(), { doors: [{}, {}] });
  const [door, other] = world.site.kiosks as [VirtualKiosk, VirtualKiosk];
  const { fleet } = world.site;
  let shown = 0;
  const visit = async (kiosk: VirtualKiosk): Promise<string | undefined> => {
    shown += 1;
    const card = `0910900000${String(shown).padStart(2, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`;
    return (await kiosk.scan(utf8(card)))?.code;
  };
  /** Lets virtual time pass in steps until the kiosk has said what is asked for. */
  const reports = (what: (reported: Reported | undefined) => boolean): Promise<unknown> =>
    waitFor(async () => {
      await world.wait(5_000);
      return what((await fleet.store.allReported()).get(DOOR)?.message);
    });

  expect([await visit(door), await visit(door)]).toEqual(["in_ok", "in_ok"]);
  await fleet.configure("technician", DOOR, { capacity: 3 });
  await reports((reported) => reported?.trialVersion === 1);
  expect([await visit(door), await visit(door)]).toEqual(["in_ok", "full"]);
  await reports((reported) => reported?.version === 1 && reported.state === "settled");

  await fleet.configure("technician", DOOR, { capacity: 500 });
  await reports((reported) => reported?.trialVersion === 2);
  expect(await visit(door)).toBe("in_ok");
  door.plugScanner(false);
  await reports((reported) => reported?.refused?.reason === "scanner");
  door.plugScanner(true);
  expect((await fleet.store.allReported()).get(DOOR)?.message).toMatchObject({
    version: 1,
    refused: { version: 2 },
    settings: { capacity: 3 },
  });
  expect(await visit(door)).toBe("full");

  for (let n = 0; n < 6; n += 1) expect(await visit(other)).toBe("in_ok");
  expect((await fleet.store.allReported()).get(OTHER)?.message).toMatchObject({ version: 0, state: "settled" });
  await world.wait(MINUTE_MS);
  await waitFor(() => door.isAtRest() && other.isAtRest());
  expect([door.status.forks, door.status.rejectedRows, other.status.forks]).toEqual([0, 0, 0]);
  await world.close();
});
