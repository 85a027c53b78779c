import { join } from "node:path";
import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";
import { waitFor } from "../support/wait-for.ts";

it("serves on when a row is damaged while it runs, and sends what is left after its next start", async () => {
  const folder = tempFolder();
  const failed: string[] = [];
  const log: RootLogger = { ...silentLogger, error: (event) => failed.push(event), child: () => log };
  const world = await openVirtualWorld(folder, { log });
  const door = world.site.kiosks[0] as VirtualKiosk;
  let shown = 0;
  const visit = async (kiosk: VirtualKiosk): Promise<string | undefined> => {
    shown += 1;
    const number = `091090${String(shown).padStart(6, "0")}`;
    return (await kiosk.scan(utf8(`${number}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`)))?.code;
  };
  await world.site.network.setLink("door-1" as never, false);
  for (let i = 0; i < 4; i += 1) expect(await visit(door)).toBe("in_ok");
  const database = await Database.open({ file: join(folder, "door-1", "ledger", "ledger.db") });
  await database.run("UPDATE checkins SET record = x'ff' WHERE seq = (SELECT max(seq) - 3 FROM checkins)");
  await database.close();

  await world.site.network.setLink("door-1" as never, true);
  await waitFor(() => failed.includes("uplink.interrupted"), { what: "sending to meet the row" });
  expect(await visit(door)).toBe("in_ok");
  await door.close();

  const again = await world.site.openCopy(0, join(folder, "door-1"));
  expect(await visit(again)).toBe("in_ok");
  await waitFor(() => again.isAtRest(), { timeoutMs: 20_000, what: "all receipts" });
  await again.close();
  await world.engine.settle();
  expect((await world.engine.stats()).persons).toBe(shown - 1);
  await world.engine.close();
});
