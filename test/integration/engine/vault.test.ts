import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadEngineKeys } from "../../../engine/app.ts";
import { unlockVaultKey } from "../../../engine/keys/vault-key.ts";
import { decodeVault } from "../../../protocol/checkin/envelope.ts";
import { EnvelopeOpener, type SessionHeader } from "../../../protocol/checkin/sealing.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { makeDevice, reissued } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";

const an = { scheme: "cccd", id: "001099000001" } as const;
const contact = { name: "NGUYỄN VĂN AN", phone: "0912345678" };

interface Sealed {
  readonly device: string;
  readonly epoch: string;
  readonly stream: string;
  readonly seq: number;
  readonly session: Uint8Array;
  readonly vault_key_id: Uint8Array;
  readonly vault_enc: Uint8Array;
  readonly session_index: number;
  readonly vault: Uint8Array;
}

const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

describe("vault envelopes", () => {
  it("are kept so that the vault key, and nothing in the engine's memory, opens them", async () => {
    const { engine, authority, folder } = await openTestEngine();
    const door = await makeDevice(authority);
    const lost = await door.batch([{ who: an, contact }]);
    await engine.ingest([(await door.reborn().batch(reissued(lost))).bytes]); // sealed for its first place
    expect(Object.keys(engine.keys)).not.toContain("vault");
    const database = await Database.open({ file: join(folder, "engine.db"), readOnly: true });
    const row = await database.get<Sealed>(
      `SELECT d.device, s.epoch, s.stream, e.place_seq seq, z.session, z.vault_key_id, z.vault_enc, e.session_index, e.vault
       FROM event e JOIN stream s ON s.id = e.place_stream JOIN device d ON d.id = e.device_id
       JOIN sealing_session z ON z.id = e.session_id`,
    );
    await database.close();
    const read = (name: string): string => readFileSync(join(folder, "keys", name), "utf8").trim();
    const key = await unlockVaultKey(nodeCrypto, read("vault.key"), read("vault.passphrase"));
    expect(plain(key.publicKey)).toEqual(plain(engine.keys.vaultPublicKey));
    const header: SessionHeader = {
      id: plain(row!.session),
      matchKeyId: new Uint8Array(8),
      matchEnc: new Uint8Array(32),
      vaultKeyId: plain(row!.vault_key_id),
      vaultEnc: plain(row!.vault_enc),
    };
    const opener = new EnvelopeOpener(nodeCrypto, "vault", key);
    await opener.admit(header);
    const identity = {
      session: header.id,
      index: row!.session_index,
      match: new Uint8Array(0),
      vault: plain(row!.vault),
    };
    const place = { device: row!.device, epoch: row!.epoch, stream: row!.stream, seq: row!.seq, kind: "in" };
    expect(decodeVault(opener.open(header, identity, place as never))).toEqual(contact);
  });

  it("stay shut under another passphrase", async () => {
    const { folder } = await openTestEngine();
    const locked = readFileSync(join(folder, "keys/vault.key"), "utf8");
    await expect(unlockVaultKey(nodeCrypto, locked, "guess")).rejects.toMatchObject({ code: "PROTO_BAD_SEAL" });
    await expect(unlockVaultKey(nodeCrypto, "{}", "guess")).rejects.toMatchObject({ code: "ENGINE_KEYS" });
  });
});

describe("the authority's keys", () => {
  it("are not used when others may read them, nor when one is spoilt", async () => {
    const { folder } = await openTestEngine();
    const secret = join(folder, "keys/secret");
    chmodSync(secret, 0o644);
    await expect(loadEngineKeys(folder)).rejects.toMatchObject({ code: "ENGINE_KEYS", details: { file: "secret" } });
    chmodSync(secret, 0o600);
    await expect(loadEngineKeys(folder)).resolves.toBeDefined();
    chmodSync(join(folder, "keys/match.key"), 0o640);
    await expect(loadEngineKeys(folder)).rejects.toMatchObject({ code: "ENGINE_KEYS" });
  });
});
