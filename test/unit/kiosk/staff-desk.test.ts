import { beforeEach, describe, expect, it } from "vitest";
import { StaffDesk } from "../../../kiosk/staff/staff-desk.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";

const told: unknown[] = [];
let isMute = false;
let desk: StaffDesk;
let canWrite = true;

beforeEach(() => {
  told.length = 0;
  isMute = false;
  canWrite = true;
  desk = new StaffDesk({
    visitors: { clear: () => told.push("clear") },
    log: { noteEmptied: async () => void (canWrite ? told.push("noted") : fail()) },
    screen: { update: (patch) => told.push(patch) },
    openMenu: () => told.push("menu"),
    emptied: () => told.push("peers"),
    toggleMute: () => {
      isMute = !isMute;
      return isMute;
    },
  });
});

const fail = (): never => {
  throw new Error("no room");
};
const at = (ms: number): BoottimeMs => ms as BoottimeMs;

describe("StaffDesk", () => {
  it("opens the technician's page, which shows by itself", async () => {
    expect(await desk.act("menu", at(0))).toBeNull();
    expect(told).toEqual(["menu"]);
  });

  it("takes a code that is held before the scanner for one gesture, and the next showing for another", async () => {
    expect(await desk.act("mute", at(0))).toBe("muted");
    for (let ms = 500; ms <= 20_000; ms += 500) expect(await desk.act("mute", at(ms))).toBeNull();
    expect(isMute).toBe(true);
    expect(await desk.act("mute", at(25_000))).toBe("sound_on");
  });

  it("closes the door and opens it again, also right after one another", async () => {
    expect(await desk.act("out_of_order", at(0))).toBe("closed");
    expect(desk.isClosed).toBe(true);
    expect(await desk.act("in_service", at(1_000))).toBe("opened");
    expect(desk.isClosed).toBe(false);
    expect(told).toEqual([{ mode: "out_of_order" }, { mode: "idle" }]);
  });

  it("writes that everybody has left before it forgets them, and forgets nobody when it cannot", async () => {
    expect(await desk.act("all_out", at(0))).toBe("all_out");
    expect(told).toEqual(["noted", "clear", "peers"]);
    canWrite = false;
    await expect(desk.act("all_out", at(60_000))).rejects.toThrow();
    expect(told).toEqual(["noted", "clear", "peers"]);
  });
});
