import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { peekLedger } from "../../kiosk/ledger/open-ledger.ts";
import { exportOutbox } from "../../kiosk/outbox/export-outbox.ts";
import { importReceipts } from "../../kiosk/outbox/import-receipts.ts";
import { fromHex } from "../../protocol/bytes.ts";
import { decodeStickFile, encodeStickFile } from "../../protocol/checkin/outbox-file.ts";
import { importSigningKey, importVerifyKey } from "../../protocol/cose.ts";
import { certificatePublicKey, pemToChain, rawKeyPair } from "../../runtime/pki/chain.ts";
import { makeSite, openGatewayRig } from "../support/gateway-rig.ts";
import { ledgerOptions, openTestLedger, sealedAppends } from "../support/ledger.ts";
import { StubEngine } from "../support/stub-engine.ts";
import { tempFolder } from "../support/temp.ts";
import { waitFor } from "../support/wait-for.ts";

it("carries check-ins from a kiosk without network to the engine, and its receipts back, each once", async () => {
  const site = await makeSite();
  const engine = await StubEngine.create(site);
  const rig = await openGatewayRig({ site, engine });
  const bundle = await rig.add("door-a");
  const signer = {
    key: await importSigningKey(rawKeyPair(bundle.privateKeyPem)),
    chain: pemToChain(bundle.certificatePem),
  };
  const { trust, settings } = bundle;
  const keys = {
    engine: await importVerifyKey(fromHex(trust.receiptKey)),
    gateway: await importVerifyKey(certificatePublicKey(trust.gateway)),
  };
  const [folder, stick] = [tempFolder(), tempFolder()];
  const running = await openTestLedger(folder);
  const { next } = await sealedAppends();
  for (let n = 0; n < 120; n += 1) await running.append([next(running, `00109012${n}`)]);

  const peeked = await peekLedger(ledgerOptions(folder));
  const done = await exportOutbox(peeked?.logs ?? [], { folder: stick, site: settings.site, signer });
  await peeked?.close();
  expect(done).toMatchObject({ rows: 120, left: 0 });
  await running.append([next(running, "001090999999")]); // the door goes on meanwhile
  const names = readdirSync(stick);
  expect(names).toEqual([...done.files].sort());
  for (const name of names) expect(readFileSync(join(stick, name)).includes("00109012")).toBe(false);

  for (const name of names) {
    const { messages } = decodeStickFile(new Uint8Array(readFileSync(join(stick, name))));
    for (const message of messages) expect((await rig.gateway.stick.take(message)).kind).toBe("stored");
  }
  await waitFor(() => engine.seqsOf("door-a").size === 120);
  await waitFor(async () => (await rig.gateway.status()).spool.undelivered === 0);
  const messages = await rig.gateway.stick.receiptsOf(settings.device);
  const forged = await engine.sign(
    { kind: "store", ...running.key, upto: 121, chainHash: new Uint8Array(32) },
    await importSigningKey(rawKeyPair(bundle.privateKeyPem)),
  );
  const all = [...messages, new Uint8Array(Buffer.from(forged, "base64url")), new Uint8Array([1])];
  const file = encodeStickFile({ kind: "receipts", site: settings.site, device: settings.device, messages: all });
  writeFileSync(join(stick, "door-a.bprec"), file);

  expect(await importReceipts(running, { folder: stick, keys })).toEqual({
    confirmedUpto: 120,
    applied: 1,
    ignored: 2,
  });
  expect(await running.prune(120)).toBe(120);
  expect(running.lastSeq).toBe(121);
  await running.close();
});
