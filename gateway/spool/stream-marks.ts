import type { StreamMark } from "../../protocol/checkin/revocations.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { higherMarks } from "../registry/revocation-lines.ts";
import { HIGHEST_SEQ } from "./audit-days.ts";

/**
 * How far each stream of a device was taken by all workers of a site together, whether or not the engine has it yet.
 *
 * @param files the spools of all workers, those that do not run too
 * @throws {StoreError} RT_STORE_FAILED when one of them cannot be read
 */
export async function marksIn(files: readonly string[], device: DeviceId): Promise<readonly StreamMark[]> {
  const all: (readonly StreamMark[])[] = [];
  for (const file of files) all.push(await marksOf(file, device));
  return higherMarks(...all);
}

async function marksOf(file: string, device: DeviceId): Promise<readonly StreamMark[]> {
  const db = await Database.open({ file, readOnly: true });
  try {
    return await db.all<StreamMark>(
      `SELECT epoch, stream, ${HIGHEST_SEQ} AS upto FROM streams WHERE device = ? ORDER BY id`,
      [device],
    );
  } finally {
    await db.close();
  }
}
