import { expect, it } from "vitest";
import { makeStaffCode } from "../../engine/keys/staff-codes.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { parseSiteId } from "../../protocol/ids.ts";
import type { StaffAction } from "../../protocol/qr/reading.ts";
import { MINUTE_MS } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const citizen = (number: number): Uint8Array =>
  utf8(`0910900001${String(number).padStart(2, "0")}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);

it("does what the site's staff codes say, at this site only, and nothing of theirs is a check-in", async () => {
  let health: { readonly closedByStaff?: boolean } = {};
  const tap = (topic: string, payload: Uint8Array): void => {
    if (topic.endsWith("/health")) health = JSON.parse(Buffer.from(payload).toString());
  };
  const world = await openVirtualWorld(tempFolder(), { tap });
  const door = (): VirtualKiosk => world.site.kiosks[0] as VirtualKiosk;
  const code = async (action: StaffAction, site = "school-1"): Promise<Uint8Array> => {
    const nowMs = world.time.wall();
    return utf8(await makeStaffCode(world.engine.keys, { crypto: nodeCrypto, nowMs, site: parseSiteId(site), action }));
  };
  const show = async (bytes: Uint8Array): Promise<string | undefined> => {
    const answer = await door().scan(bytes);
    return answer?.hint ?? answer?.code;
  };

  expect(await show(await code("out_of_order", "market-9"))).toBe("see_staff");
  expect(await show(citizen(1))).toBe("in_ok");
  expect(await show(await code("out_of_order"))).toBe("closed");
  expect([await show(citizen(2)), await show(citizen(3))]).toEqual(["see_staff", "see_staff"]);
  await world.wait(MINUTE_MS);
  expect(health.closedByStaff).toBe(true);
  expect(await show(await code("in_service"))).toBe("opened");
  expect([await show(citizen(2)), await show(citizen(3))]).toEqual(["in_ok", "in_ok"]);
  expect(door().status.inside).toBe(3);

  await world.wait(2 * MINUTE_MS);
  expect(health).not.toHaveProperty("closedByStaff");
  expect(await show(await code("all_out"))).toBe("all_out");
  expect(door().status.inside).toBe(0);
  expect(await show(citizen(1))).toBe("in_ok");
  await world.site.cutPower(0);
  await world.site.restorePower(0);
  expect(door().status.inside).toBe(1);
  expect(await show(citizen(2))).toBe("in_ok");
  await world.close();
});
