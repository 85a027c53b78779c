import { expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { SealingPool } from "../../../../kiosk/scan/sealing-pool.ts";
import { VenueKeyReport } from "../../../../kiosk/venue-code/venue-key-report.ts";
import { toHex } from "../../../../protocol/bytes.ts";
import { decodeMatch } from "../../../../protocol/checkin/envelope.ts";
import { createSealingKeyPair, EnvelopeOpener } from "../../../../protocol/checkin/sealing.ts";
import { nextDayKeys, publishedPeriodKey } from "../../../../protocol/checkin/visitor-tag.ts";
import { parseVenueId } from "../../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { openTestLedger, testBoot } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const NOW: DeviceTime = {
  bootId: testBoot,
  boottimeMs: 1_000 as BoottimeMs,
  wallMs: Date.UTC(2026, 10, 16, 2) as WallMs,
  state: "ntp",
  uncertaintyMs: 50,
};

it("tells the day's published key once a day, sealed so that only the authority reads it", async () => {
  const log = await openTestLedger(tempFolder());
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const sealing = new SealingPool(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
  await sealing.prepare(NOW.boottimeMs);
  const report = new VenueKeyReport({
    crypto: nodeCrypto,
    log,
    sealing,
    place: { venue: parseVenueId("7k3m9q2x"), gate: 1 },
    append: (rows) => log.append(rows),
    logger: silentLogger.child("test"),
  });
  expect([await report.tell(NOW), await report.tell(NOW)]).toEqual([true, false]);
  const key = publishedPeriodKey(nodeCrypto, log.dayKeys.periodKey);
  const [row] = await log.read(1, 10);
  expect(row?.record).toMatchObject({ seq: 1, kind: "presence", scheme: "venue" });
  expect(Buffer.from(row!.encoded).includes(Buffer.from(key))).toBe(false);
  const opener = new EnvelopeOpener(nodeCrypto, "match", match.privateKey);
  const { session } = sealing.seal({ scheme: "bp1", id: "x", vault: null }, { ...log.key, seq: 9, kind: "in" });
  await opener.admit(session);
  const text = opener.open(session, row!.record.identity!, { ...log.key, seq: 1, kind: "presence" });
  expect(decodeMatch(text)).toEqual({ scheme: "venue", id: toHex(key) });

  await log.saveDayKeys(nextDayKeys(nodeCrypto, log.dayKeys), 20_001);
  expect(await report.tell(NOW)).toBe(true);
  await log.close();
});

it("tries again at the next tick when the row could not be written", async () => {
  const log = await openTestLedger(tempFolder());
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const sealing = new SealingPool(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
  const parts = {
    crypto: nodeCrypto,
    log,
    sealing,
    place: { venue: parseVenueId("7k3m9q2x"), gate: 1 },
    logger: silentLogger.child("test"),
  };
  const report = new VenueKeyReport({ ...parts, append: (rows) => log.append(rows) });
  expect(await report.tell(NOW)).toBe(false); // no sealing session yet
  await sealing.prepare(NOW.boottimeMs);
  expect(await report.tell(NOW)).toBe(true);
  await log.close();
  const late = new VenueKeyReport({ ...parts, append: (rows) => log.append(rows) });
  await expect(late.tell(NOW)).resolves.toBe(false);
});
