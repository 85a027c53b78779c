import { describe, expect, it } from "vitest";
import { decodeBatch, genesisHash } from "../../../protocol/checkin/batch.ts";
import { decodeMatch } from "../../../protocol/checkin/envelope.ts";
import { decodeRecord } from "../../../protocol/checkin/record.ts";
import { EnvelopeOpener } from "../../../protocol/checkin/sealing.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { verifyDeviceChain } from "../../../runtime/pki/chain.ts";
import { makeAuthority, makeDevice, reissued } from "../../support/batches.ts";

const who = { scheme: "cccd", id: "001099000001" } as const;

describe("batches for tests", () => {
  it("are signed by a device of the authority, chained, and open with its matching key", async () => {
    const authority = await makeAuthority();
    const door = await makeDevice(authority);
    const first = await door.batch([{ who }]);
    const second = await door.batch([{ kind: "out", who }, { kind: "anchor" }]);
    const message = parseCose1(second.bytes);
    const device = verifyDeviceChain(message.x5chain, authority.root.certificatePem);
    await verifyCose1(message, await importVerifyKey(device.publicKey));
    const batch = decodeBatch(message.payload);
    expect(first.batch.previousHash).toEqual(genesisHash(nodeCrypto, door.key));
    expect(batch).toMatchObject({ from: 2, to: 3, previousHash: first.hash });
    const opener = new EnvelopeOpener(nodeCrypto, "match", authority.matchPrivateKey);
    await opener.admit(batch.sessions[0]!);
    const row = decodeRecord(batch.rows[0]!);
    const text = opener.open(batch.sessions[0]!, row.identity!, { ...batch, seq: row.seq, kind: row.kind });
    expect(decodeMatch(text)).toEqual(who);
  });

  it("can be issued again in a new epoch with their seals", async () => {
    const door = await makeDevice(await makeAuthority());
    const lost = await door.batch([{ who }]);
    const again = await door.reborn().batch(reissued(lost));
    expect(again.records[0]).toMatchObject({ seq: 1, origin: { epoch: door.epoch, seq: 1 } });
    expect(again.batch.sessions).toEqual(lost.batch.sessions);
  });
});
