import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Sender } from "../../gateway/spool/spool.ts";
import { SpoolInlet } from "../../gateway/spool/spool-inlet.ts";
import { SpoolOutlet } from "../../gateway/spool/spool-outlet.ts";
import { StreamTable } from "../../gateway/spool/stream-table.ts";
import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { Receipt } from "../../protocol/checkin/receipt.ts";
import { parseSiteId } from "../../protocol/ids.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { migrate } from "../../runtime/sqlite/migrate.ts";
import { type MadeBatch, TEST_NOW, type TestDevice } from "./batches.ts";

/** A spool on a real file, with both of its ends. */
export interface TestSpool {
  readonly db: Database;
  readonly inlet: SpoolInlet;
  readonly outlet: SpoolOutlet;
  /** Streams of which commits took batches, in order. */
  readonly heard: StreamKey[];
  accept(device: TestDevice, batch: Pick<MadeBatch, "bytes">, leaf?: Sender["leaf"]): ReturnType<SpoolInlet["accept"]>;
}

/** Opens a spool of site `school-1` in `folder`; it is closed when the test ends. */
export async function openTestSpool(folder: string, options: { readonly maxGroup?: number } = {}): Promise<TestSpool> {
  const file = join(folder, "spool.db");
  const db = await Database.open({ file });
  await migrate(db, join(import.meta.dirname, "../../gateway/spool/migrations"));
  const reader = await Database.open({ file, readOnly: true });
  const streams = new StreamTable(nodeCrypto);
  const heard: StreamKey[] = [];
  const now = (): typeof TEST_NOW => TEST_NOW;
  const outlet = new SpoolOutlet({ db, reader, streams, now });
  const inlet = new SpoolInlet({
    db,
    streams,
    crypto: nodeCrypto,
    site: parseSiteId("school-1"),
    now,
    maxGroup: options.maxGroup ?? 1_000,
    onCommit: (streams) => heard.push(...streams),
    onWritten: () => undefined,
  });
  onTestFinished(async () => {
    await inlet.idle();
    await reader.close();
    await db.close();
  });
  const accept: TestSpool["accept"] = (device, batch, leaf = "checkins") =>
    inlet.accept({ device: device.device, leaf }, batch.bytes);
  return { db, inlet, outlet, heard, accept };
}

/** A store receipt as the engine would give it, unsigned. */
export function storeReceipt(
  key: StreamKey,
  batch: Pick<MadeBatch, "batch" | "hash">,
  change: Partial<Receipt> = {},
): Receipt {
  return {
    ...key,
    kind: "store",
    upto: batch.batch.to,
    chainHash: batch.hash,
    missing: [],
    tombstoned: [],
    rejected: [],
    storeTimeMs: TEST_NOW,
    n: batch.batch.to,
    ...change,
  };
}
