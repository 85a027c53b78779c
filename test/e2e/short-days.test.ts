import { expect, it } from "vitest";
import { viewLedger } from "../../kiosk/cli/ledger-view.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const codeOf = (visitor: number): Uint8Array =>
  utf8(`09109000000${visitor}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);

it.each([
  ["without a clock", { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 }],
  ["with a clock", { wallOffsetMs: 0, state: "ntp", uncertaintyMs: 50 }],
] as const)(
  "a kiosk that wakes up %s and runs for some hours a day keeps no row for longer than a day after its receipt",
  async (_, clock) => {
    const world = await openVirtualWorld(tempFolder(), { doors: [{ clock }] });
    const last: number[] = [];
    for (let day = 0; day < 3; day += 1) {
      await world.wait(MINUTE_MS);
      expect((await world.site.kiosks[0]?.scan(codeOf(day)))?.code).toBe("in_ok");
      await world.wait(4 * HOUR_MS);
      last.push((await viewLedger(world.site.cardOf(0)))?.lastSeq ?? 0);
      await world.site.cutPower(0);
      await world.wait(20 * HOUR_MS);
      await world.site.restorePower(0);
    }
    await world.wait(15 * MINUTE_MS);
    expect(world.site.kiosks[0]?.unsent).toBe(0);
    expect((await viewLedger(world.site.cardOf(0)))?.firstSeq).toBeGreaterThan(last[1] ?? 0);
    await world.close();
  },
);
