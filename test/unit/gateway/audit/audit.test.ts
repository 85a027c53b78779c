import { describe, expect, it } from "vitest";
import { auditSpools, missingIn } from "../../../../gateway/audit/audit.ts";
import { marksIn } from "../../../../gateway/spool/stream-marks.ts";
import { encodeReceipt, type Receipt } from "../../../../protocol/checkin/receipt.ts";
import { importSigningKey, signCose1 } from "../../../../protocol/cose.ts";
import { siteDay, type WallMs } from "../../../../protocol/units.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { createDeviceKey } from "../../../../runtime/pki/request.ts";
import { type MadeBatch, makeAuthority, makeDevice, TEST_NOW, type TestDevice } from "../../../support/batches.ts";
import { openTestSpool, storeReceipt, type TestSpool } from "../../../support/spool.ts";
import { tempFolder } from "../../../support/temp.ts";

const row = { kind: "anchor" } as const;
const DAY = siteDay(TEST_NOW);

async function settle(
  spool: TestSpool,
  device: TestDevice,
  answer: { upto: MadeBatch; refused?: MadeBatch } & Partial<
    Pick<Receipt, "missing" | "rejected" | "tombstoned" | "storeTimeMs">
  >,
): Promise<void> {
  const { upto, refused, ...change } = answer;
  const key = await importSigningKey(rawKeyPair(await createDeviceKey()));
  const set = await spool.outlet.nextSet(64, new Set());
  const streamId = set[0]?.streamId ?? 1;
  const receipt = storeReceipt(device.key, upto, change);
  const bytes = await signCose1(encodeReceipt(receipt), { key });
  const put = set.filter(({ from }) => from === refused?.batch.from);
  const delivered = set.filter((one) => !put.includes(one));
  const aside = put.map((batch) => ({ batch, reason: "refused" as const }));
  await spool.outlet.settle({ receipts: [{ streamId, receipt, bytes }], delivered, refused: aside });
}

describe("the audit", () => {
  it("counts each row once, from its arrival to the engine's receipt", async () => {
    const [spool, door] = [await openTestSpool(tempFolder()), await makeDevice(await makeAuthority())];
    const made = [await door.batch([row, row]), await door.batch([row, row, row]), await door.batch([row])];
    for (const one of made) await spool.accept(door, one);
    const place = { day: DAY, device: "door-a", stream: "c" };
    expect((await auditSpools(spool.db)).days).toEqual([
      { ...place, received: 6, forwarded: 0, receipted: 0, refused: 0, waiting: 6 },
    ]);
    const rejected = [[2, "expired"]] as const;
    await settle(spool, door, { upto: made[1] as MadeBatch, rejected, refused: made[2] as MadeBatch });
    const audit = await auditSpools(spool.db);
    expect(audit.days).toEqual([{ ...place, received: 6, forwarded: 6, receipted: 5, refused: 1, waiting: 0 }]);
    expect(audit.streams[0]).toMatchObject({ upto: 6, storedUpto: 5, rejected: [[2, "expired"]] });
    expect(audit.quarantined).toEqual([{ device: "door-a", reason: "refused", n: 1 }]);
  });

  it("names what never came in, as long as it does not", async () => {
    const [spool, door] = [await openTestSpool(tempFolder()), await makeDevice(await makeAuthority())];
    const made = [await door.batch([row, row]), await door.batch([row, row, row]), await door.batch([row])];
    await spool.accept(door, made[0] as MadeBatch);
    await spool.accept(door, made[2] as MadeBatch);
    expect(await auditSpools(spool.db)).toMatchObject({ missing: 3, streams: [{ missing: [[3, 5]] }] });
    await settle(spool, door, { upto: made[0] as MadeBatch, missing: [[3, 5]] });
    expect(await auditSpools(spool.db)).toMatchObject({ missing: 3, streams: [{ missing: [[3, 5]] }] });
    await spool.accept(door, made[1] as MadeBatch);
    expect((await auditSpools(spool.db)).missing).toBe(0);
  });

  it("takes what two workers of a site have of one stream together", async () => {
    const door = await makeDevice(await makeAuthority());
    const [one, two] = [await openTestSpool(tempFolder()), await openTestSpool(tempFolder())];
    const made = [await door.batch([row]), await door.batch([row, row]), await door.batch([row])] as const;
    await one.accept(door, made[0]);
    await one.accept(door, made[2]);
    await two.accept(door, made[1]);
    const both = await auditSpools(one.db, two.db);
    expect(both).toMatchObject({ missing: 0, streams: [{ upto: 4, missing: [] }] });
    expect(both.days).toMatchObject([{ received: 4, waiting: 4 }]);
    await settle(one, door, { upto: made[0], missing: [[2, 3]] });
    await settle(two, door, { upto: made[2], storeTimeMs: (TEST_NOW + 1) as WallMs });
    expect(await auditSpools(one.db, two.db)).toMatchObject({ missing: 0, streams: [{ storedUpto: 4 }] });
    expect(await marksIn([one.db.file, two.db.file], door.device)).toMatchObject([{ stream: "c", upto: 4 }]);
  });

  it.each([
    ["nothing", 1, 0, [], null, []],
    ["all of it", 1, 5, [], null, [[1, 5]]],
    [
      "both ends and the middle",
      1,
      9,
      [
        [2, 3],
        [6, 8],
      ],
      null,
      [
        [1, 1],
        [4, 5],
        [9, 9],
      ],
    ],
    ["only what the engine names", 1, 9, [], [[4, 5]], [[4, 5]]],
    ["what came after the engine named it, no more", 1, 9, [[4, 4]], [[4, 5]], [[5, 5]]],
  ] as const)("finds missing: %s", (_, from, to, here, named, expected) => {
    expect(missingIn({ from, to, here, receipt: named && { missing: named } })).toEqual(expected);
  });
});
