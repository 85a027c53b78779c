import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodeAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { MINUTE_MS } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld, type VirtualWorld } from "../support/virtual-world.ts";
import { waitFor } from "../support/wait-for.ts";

/** Lets so many tokens that nobody heard before stay beside a kiosk for three minutes, and waits until that is written. */
async function stayBeside(world: VirtualWorld, kiosk: VirtualKiosk, count: number): Promise<void> {
  const payloads = Array.from({ length: count }, () =>
    encodeAdvertisement({ kind: "token", id: nodeCrypto.randomBytes(16), txPower: null, echo: null }),
  );
  const before = kiosk.status.radio.sessions.finished;
  for (let minute = 0; minute < 3; minute += 1) {
    for (const payload of payloads) kiosk.radio?.ear.hear({ payload, rssi: -60 as never });
    await world.wait(MINUTE_MS);
  }
  await world.wait(12 * MINUTE_MS);
  await waitFor(() => kiosk.status.radio.sessions.finished === before + count && !kiosk.isBusy);
}

const sent = (kiosk: VirtualKiosk): Promise<unknown> =>
  waitFor(() => kiosk.isAtRest() && kiosk.status.presence.confirmedUpto > 0, {
    timeoutMs: 20_000,
    what: "all receipts",
  });

it("loses and doubles nothing of what was heard when a ledger is copied and both copies listen", async () => {
  const folder = tempFolder();
  const world = await openVirtualWorld(folder, { radio: {} });
  const original = world.site.kiosks[0] as VirtualKiosk;
  await stayBeside(world, original, 5);
  await sent(original);
  await world.site.network.setLink("door-1" as never, false);
  await stayBeside(world, original, 2); // these two stand in both copies, and the engine has not seen them
  await original.close();
  cpSync(join(folder, "door-1"), join(folder, "copied"), { recursive: true });

  await world.site.network.setLink("door-1" as never, true);
  const first = await world.site.openCopy(0, join(folder, "door-1"));
  await stayBeside(world, first, 3);
  await sent(first);
  expect(first.status.presence.forks).toBe(0);
  await first.close();

  const second = await world.site.openCopy(0, join(folder, "copied"));
  await stayBeside(world, second, 4);
  await waitFor(() => second.status.presence.forks > 0, { timeoutMs: 20_000, what: "the fork to be noticed" });
  await sent(second);
  await stayBeside(world, second, 1);
  await sent(second);
  await second.close();

  await world.engine.settle();
  const { heard, deadLetters } = await world.engine.stats();
  expect([heard, deadLetters]).toEqual([5 + 2 + 3 + 4 + 1, {}]);
  await world.engine.close();
});
