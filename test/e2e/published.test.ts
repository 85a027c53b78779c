import { join } from "node:path";
import { expect, it } from "vitest";
import { openLedger } from "../../kiosk/app.ts";
import { matchPublished, type PhoneSighting } from "../../protocol/beacon/match-published.ts";
import { beaconId, rotationInterval } from "../../protocol/beacon/rotating-id.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { publishedPeriodKey } from "../../protocol/checkin/visitor-tag.ts";
import { importVerifyKey } from "../../protocol/cose.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { openPublished } from "../../protocol/publish/published-file.ts";
import { temporaryLocationId } from "../../protocol/qr/clea.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { ledgerOptions } from "../support/ledger.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";

it("a phone that scanned a real kiosk's screen, or heard its beacon, finds the case that was there", async () => {
  const folder = tempFolder();
  const { engine, site, time, wait } = await openVirtualWorld(folder);
  const kiosk = site.kiosks[0] as VirtualKiosk;
  await kiosk.scan(utf8(CARD));
  await wait(30 * MINUTE_MS);
  await kiosk.scan(utf8(CARD));
  await wait(HOUR_MS);
  const { id } = await engine.addCase({ documents: [{ scheme: "cccd", id: "091090000001" }], onset: "2026-11-16" });
  const { added, unreachable } = await engine.publishCase(id);
  expect([added, unreachable]).toEqual([1, []]);
  await engine.publisher.makeFile();
  const verify = await importVerifyKey(engine.publisher.publicKey);
  const file = await openPublished((await engine.publisher.file(1)) ?? new Uint8Array(0), verify);
  const nowMs = time.wall();
  await site.close();
  await engine.close();

  const home = { socSerial: "door-1", cardCid: "door-1" };
  const options = ledgerOptions(join(folder, "door-1", "ledger"), { device: parseDeviceId("door-1"), home });
  const log = await openLedger(options);
  const key = publishedPeriodKey(nodeCrypto, log.dayKeys.periodKey); // what screen and beacon of this kiosk went by
  await log.close();
  const atMs = nowMs - 75 * MINUTE_MS;
  const sightings: readonly PhoneSighting[] = [
    { kind: "screen", atMs, locationId: temporaryLocationId(nodeCrypto, key) },
    { kind: "beacon", atMs, id: beaconId(nodeCrypto, key, rotationInterval(atMs)) },
    { kind: "screen", atMs, locationId: nodeCrypto.randomBytes(16) },
  ];
  expect(matchPublished(nodeCrypto, [file], sightings).map(({ sighting }) => sightings.indexOf(sighting))).toEqual([
    0, 1,
  ]);
});
