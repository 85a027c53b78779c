import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeBatch } from "../../../../protocol/checkin/batch.ts";
import { decodeMatch } from "../../../../protocol/checkin/envelope.ts";
import { decodeRecord } from "../../../../protocol/checkin/record.ts";
import { EnvelopeOpener } from "../../../../protocol/checkin/sealing.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { openTestLedger, sealedAppends } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

/** Makes the file fail its own check, and leaves every row in it: a freelist that leads nowhere. */
function breakFreelist(folder: string): void {
  const file = join(folder, "ledger.db");
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(0xffffffff, 32);
  writeFileSync(file, bytes);
}

describe("a salvaged ledger", () => {
  it("holds seals that still open when the epoch had changed while the kiosk ran", async () => {
    const folder = tempFolder();
    const log = await openTestLedger(folder);
    const { next, matchKey } = await sealedAppends();
    await log.startEpoch();
    await log.presence.startEpoch();
    await log.append([next(log, "001090000001")]);
    const { epoch } = log.key;
    await log.close();
    breakFreelist(folder);
    const again = await openTestLedger(folder);
    const batch = decodeBatch((await again.nextBatch(0))?.payload as Uint8Array);
    const { identity, origin, kind } = decodeRecord(batch.rows[0] as Uint8Array);
    expect(origin).toEqual({ epoch, seq: 1 });
    const header = batch.sessions[0];
    if (!header || !identity || !origin) throw new Error("the row lost its seal");
    const opener = new EnvelopeOpener(nodeCrypto, "match", matchKey);
    await opener.admit(header);
    const place = { device: batch.device, stream: batch.stream, ...origin, kind };
    expect(decodeMatch(opener.open(header, identity, place))).toEqual({ scheme: "cccd", id: "001090000001" });
    await again.close();
  });
});
