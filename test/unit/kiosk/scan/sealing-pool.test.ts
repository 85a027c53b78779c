import { expect, it } from "vitest";
import { SealingPool } from "../../../../kiosk/scan/sealing-pool.ts";
import { toHex } from "../../../../protocol/bytes.ts";
import { createSealingKeyPair } from "../../../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../../../protocol/crypto-port.ts";
import type { DeviceId, Epoch } from "../../../../protocol/ids.ts";
import { type BoottimeMs, HOUR_MS, MINUTE_MS } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";

const PLACE = { device: "door-a" as DeviceId, epoch: "0011223344556677" as Epoch, stream: "c", kind: "in" } as const;

/** A pool, and the ids of the sessions that it has opened. */
async function openPool() {
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const opened: string[] = [];
  const crypto: CryptoPort = {
    ...nodeCrypto,
    randomBytes: (length) => {
      const bytes = nodeCrypto.randomBytes(length);
      opened.push(toHex(bytes));
      return bytes;
    },
  };
  const pool = new SealingPool(crypto, { match: match.publicKey, vault: vault.publicKey });
  let seq = 0;
  const seal = (): string => {
    seq += 1;
    return toHex(pool.seal({ scheme: "bp1", id: "x", vault: null }, { ...PLACE, seq }).session.id);
  };
  return { pool, opened, seal };
}

it("goes on in the session that was made ready when one is used up", async () => {
  const { pool, opened, seal } = await openPool();
  const used = new Set<string>();
  for (let row = 0; row < 300; row += 1) {
    await pool.prepare(0 as BoottimeMs);
    used.add(seal());
  }
  expect([...used]).toEqual(opened);
});

it("keeps no session for longer than an hour, nor the one that waits", async () => {
  const { pool, opened, seal } = await openPool();
  for (let row = 0; row < 250; row += 1) {
    await pool.prepare(0 as BoottimeMs);
    seal();
  }
  expect(opened).toHaveLength(2);
  await pool.prepare((HOUR_MS - 1) as BoottimeMs);
  expect(opened).toHaveLength(2);
  await pool.prepare(HOUR_MS as BoottimeMs);
  expect(opened.slice(0, 2)).not.toContain(seal());
  await pool.prepare((HOUR_MS + MINUTE_MS) as BoottimeMs);
  expect(opened.slice(0, 2)).not.toContain(seal());
});
