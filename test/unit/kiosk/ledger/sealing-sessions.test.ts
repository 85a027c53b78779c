import { describe, expect, it } from "vitest";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import { toHex } from "../../../../protocol/bytes.ts";
import { batchHash, decodeBatch } from "../../../../protocol/checkin/batch.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { draft, openTestLedger, sealedAppends } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const confirm = async (log: SqliteCheckinLog, upto: number): Promise<void> =>
  log.confirm({ upto, hash: (await log.hashAt(upto)) as Uint8Array });

/** Ids of the sessions that the batch after `seq` carries; its bytes must be those that were hashed when it was cut. */
async function carried(log: SqliteCheckinLog, seq: number): Promise<readonly string[]> {
  const batch = await log.nextBatch(seq);
  if (!batch) throw new Error("no batch there");
  expect(toHex(batchHash(nodeCrypto, batch.payload))).toBe(toHex((await log.hashAt(batch.to)) ?? new Uint8Array()));
  return decodeBatch(batch.payload).sessions.map(({ id }) => toHex(id));
}

async function reopened(folder: string, log: SqliteCheckinLog): Promise<SqliteCheckinLog> {
  await log.close();
  return openTestLedger(folder);
}

describe("the header of a sealing session", () => {
  it("is written again for the first row after a fork that took the session's other rows", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const { next } = await sealedAppends();
    await log.append([next(log, "001090000001")]);
    await confirm(log, 1);
    expect(await log.startEpoch()).toBe(0);
    await log.append([next(log, "001090000002")]);
    const again = await reopened(folder, log);
    expect(await carried(again, 0)).toHaveLength(1);
    await again.close();
  });

  it("is written again when its rows were deleted and it is used once more", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const [first, second] = [await sealedAppends(), await sealedAppends()];
    await log.append([first.next(log, "001090000001")]);
    await log.append([second.next(log, "001090000002")]);
    await confirm(log, 2);
    await log.prune(2);
    await log.append([first.next(log, "001090000003")]);
    const again = await reopened(folder, log);
    expect(await carried(again, 2)).toHaveLength(1);
    await again.close();
  });

  it("is written again when its rows were evicted under a tombstone", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const [first, second] = [await sealedAppends(), await sealedAppends()];
    await log.append([first.next(log, "001090000001")]);
    await log.append([second.next(log, "001090000002")]);
    const tombstone = draft({ scheme: "none", evidence: "none" });
    await log.evict({ rows: 2, custodyUpto: 0, tombstone });
    await log.append([first.next(log, "001090000003")]);
    const again = await reopened(folder, log);
    expect(await carried(again, 3)).toHaveLength(1);
    await again.close();
  });

  it("is written by the next row when the commit that should have written it was given up", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const { next } = await sealedAppends();
    const broken = (): never => {
      throw new Error("no seal left");
    };
    const both = [next(log, "001090000001"), { draft: draft(), tag: null, seal: broken }];
    await expect(log.append(both)).rejects.toThrow("no seal left");
    await log.append([next(log, "001090000002")]);
    const again = await reopened(folder, log);
    expect(await carried(again, 0)).toHaveLength(1);
    await again.close();
  });
});
