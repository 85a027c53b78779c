import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { encodeStickFile, OUTBOX_SUFFIX } from "../../protocol/checkin/outbox-file.ts";
import { signCose1 } from "../../protocol/cose.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { writeFileSafely } from "../../runtime/safe-file.ts";
import type { StreamLog } from "../ledger/checkin-log.ts";
import type { DeviceSigner } from "../uplink/uplink.ts";

/** Batches and bytes of one file; whatever is reached first closes it. */
const FILE_BATCHES = 500;
const FILE_BYTES = 4_194_304;

/** What was written. */
export interface Exported {
  readonly files: readonly string[];
  readonly batches: number;
  readonly rows: number;
  /** Rows that no batch holds yet; they wait for the next time. */
  readonly left: number;
}

/** What is exported: a stream's batches, beside a service that may be running on it. */
export type ExportedLog = Pick<StreamLog, "key" | "watermark" | "lastSeq" | "nextBatch">;

/** Where the files go, and how they are signed. */
export interface ExportTarget {
  readonly folder: string;
  readonly site: SiteId;
  readonly signer: DeviceSigner;
}

/**
 * Writes every batch that the engine has not confirmed to a folder, signed as it would go over the network. The ledger stays as it
 * is: what the engine gets twice it stores once.
 */
export async function exportOutbox(logs: readonly ExportedLog[], to: ExportTarget): Promise<Exported> {
  await mkdir(to.folder, { recursive: true });
  const all: Exported[] = [];
  for (const log of logs) all.push(await exportStream(log, to));
  const sum = (count: (one: Exported) => number): number => all.reduce((total, one) => total + count(one), 0);
  return {
    files: all.flatMap(({ files }) => files),
    batches: sum(({ batches }) => batches),
    rows: sum(({ rows }) => rows),
    left: sum(({ left }) => left),
  };
}

async function exportStream(log: ExportedLog, to: ExportTarget): Promise<Exported> {
  const { device, epoch, stream } = log.key;
  const files: string[] = [];
  let [batches, upto] = [0, log.watermark.upto];
  for (;;) {
    const { messages, last } = await nextMessages(log, upto, to.signer);
    if (messages.length === 0) break;
    const name = `${device}-${epoch}-${stream}-${upto + 1}${OUTBOX_SUFFIX}`;
    const file = encodeStickFile({ kind: "outbox", site: to.site, device, messages });
    await writeFileSafely(join(to.folder, name), file);
    files.push(name);
    batches += messages.length;
    upto = last;
  }
  return { files, batches, rows: upto - log.watermark.upto, left: Math.max(0, log.lastSeq - upto) };
}

/** Signs what goes into one file. */
async function nextMessages(
  log: ExportedLog,
  upto: number,
  signer: DeviceSigner,
): Promise<{ readonly messages: readonly Uint8Array[]; readonly last: number }> {
  const messages: Uint8Array[] = [];
  let last = upto;
  for (let bytes = 0; messages.length < FILE_BATCHES && bytes < FILE_BYTES; ) {
    const batch = await log.nextBatch(last);
    if (!batch) break;
    const message = await signCose1(batch.payload, { key: signer.key, x5chain: signer.chain });
    messages.push(message);
    bytes += message.length;
    last = batch.to;
  }
  return { messages, last };
}
