import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { encodeStickFile, OUTBOX_SUFFIX } from "../../protocol/checkin/outbox-file.ts";
import { signCose1 } from "../../protocol/cose.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { writeFileSafely } from "../../runtime/safe-file.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
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
export type ExportedLog = Pick<CheckinLog, "key" | "watermark" | "lastSeq" | "nextBatch">;

/**
 * Writes every batch that the engine has not confirmed to a folder, signed as it would go over the network. The ledger stays as it
 * is: what the engine gets twice it stores once.
 */
export async function exportOutbox(
  log: ExportedLog,
  out: { readonly folder: string; readonly site: SiteId; readonly signer: DeviceSigner },
): Promise<Exported> {
  await mkdir(out.folder, { recursive: true });
  const files: string[] = [];
  let [batches, upto] = [0, log.watermark.upto];
  for (;;) {
    const messages: Uint8Array[] = [];
    const from = upto;
    for (let bytes = 0; messages.length < FILE_BATCHES && bytes < FILE_BYTES; ) {
      const batch = await log.nextBatch(upto);
      if (!batch) break;
      const message = await signCose1(batch.payload, { key: out.signer.key, x5chain: out.signer.chain });
      messages.push(message);
      bytes += message.length;
      upto = batch.to;
    }
    if (messages.length === 0) break;
    const { device, epoch, stream } = log.key;
    const name = `${device}-${epoch}-${stream}-${from + 1}${OUTBOX_SUFFIX}`;
    const file = encodeStickFile({ kind: "outbox", site: out.site, device, messages });
    await writeFileSafely(join(out.folder, name), file);
    files.push(name);
    batches += messages.length;
  }
  return { files, batches, rows: upto - log.watermark.upto, left: Math.max(0, log.lastSeq - upto) };
}
