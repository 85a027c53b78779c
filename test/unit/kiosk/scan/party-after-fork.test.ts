import { expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../../../kiosk/admission/policy.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import { Counters } from "../../../../kiosk/scan/counters.ts";
import { ScanService } from "../../../../kiosk/scan/scan-service.ts";
import { SealingPool } from "../../../../kiosk/scan/sealing-pool.ts";
import { createSealingKeyPair } from "../../../../protocol/checkin/sealing.ts";
import type { Credential } from "../../../../protocol/qr/reading.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { draft, openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const { venue, gate, boot: bootId, boottimeMs, wallMs, uncertaintyMs } = draft();
const now = { bootId, boottimeMs, wallMs, state: "ntp", uncertaintyMs } as const;
const visitor: Credential = {
  kind: "credential",
  format: "vn-cccd",
  scheme: "cccd",
  id: "001090000001",
  evidence: "document",
  freshness: "static",
  vault: null,
  masked: { id: null, name: null, birthYear: null },
};

it("takes back the last visitor's own row when the epoch changed before the number of companions came", async () => {
  const log = await openTestLedger(tempFolder());
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const scans = new ScanService({
    parse: async () => visitor,
    crypto: nodeCrypto,
    clock: { now: () => now, adjust: () => {} },
    log,
    append: (rows) => log.append(rows),
    visitors: new Visitors(),
    sealing: new SealingPool(nodeCrypto, { match: match.publicKey, vault: vault.publicKey }),
    policy: DEFAULT_POLICY,
    place: { venue, gate },
    counters: new Counters(),
    staff: { isClosed: false, act: async () => null },
    isCutOff: () => false,
    passed: () => {},
    logger: silentLogger,
  });
  const filler = { draft: draft({ kind: "anchor", scheme: "none" }), tag: null, seal: null };
  await log.append([filler, filler, filler]);
  const answer = await scans.answer({ bytes: new Uint8Array(), at: { boottimeMs } });
  expect(answer?.rows[0]?.record.seq).toBe(4);
  const { epoch } = log.key;
  log.confirm({ upto: 3, hash: (await log.hashAt(3)) as Uint8Array });
  await log.startEpoch();
  await log.append([filler, filler, filler]); // somebody else stands at number 4 now

  const amended = await scans.addParty(2);
  const annul = amended?.rows[0]?.record;
  expect(annul).toMatchObject({ kind: "annul", annuls: 4, origin: { epoch, seq: 5 } });
  expect((await log.read(annul?.seq ?? 0, 2)).map(({ record }) => record)).toEqual(
    amended?.rows.map(({ record }) => record),
  );
  await log.close();
});
