import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DeviceBundle as KioskBundle, readBundle } from "../../../kiosk/provision/bundle.ts";
import { fromHex } from "../../../protocol/bytes.ts";
import { type Batch, batchHash, encodeBatch, genesisHash } from "../../../protocol/checkin/batch.ts";
import { decodeReceipt, type Receipt } from "../../../protocol/checkin/receipt.ts";
import { encodeRecord } from "../../../protocol/checkin/record.ts";
import { SealingSession } from "../../../protocol/checkin/sealing.ts";
import { importVerifyKey, parseCose1, signCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { type Epoch, parseBootId, parseVenueId } from "../../../protocol/ids.ts";
import { topicOf } from "../../../protocol/mqtt/topics.ts";
import type { BoottimeMs, WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { nextEpoch } from "../../support/batches.ts";
import { connectDoor } from "../../support/mqtt-door.ts";
import { type Part, runToEnd, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";

/** A whole site of real processes, made with nothing but their command lines. */
interface Site {
  readonly engine: Part;
  readonly gateway: Part;
  readonly bundle: KioskBundle;
  readonly engineAt: readonly string[];
}

async function openSite(): Promise<Site> {
  const [engineDir, gatewayDir, siteDir, bundleDir] = [tempFolder(), tempFolder(), tempFolder(), tempFolder()];
  const engineAt = settings([`dataDir=${engineDir}`, "listen.port=0", "log.level=warn"]);
  const engine = await spawnPart({ script: "dist/engine/main.js", args: ["start", ...engineAt] });
  await must("dist/engine/main.js", ["keys", "site", "--site", "school-1", "--out", join(siteDir, "b"), ...engineAt]);
  const gatewayAt = settings([
    `dataDir=${gatewayDir}`,
    "mqtt.host=127.0.0.1",
    "mqtt.port=0",
    "http.port=0",
    "log.level=warn",
    `engine.url=${engine.ready["url"]}`,
    "engine.backoffMaxMs=500",
  ]);
  const add =
    "devices add --device door-a --venue 7k3m9q2x --gate 1 --name School --gateway-host 127.0.0.1 --gateway-port 1";
  const from = ["--site-bundle", join(siteDir, "b")];
  await must("dist/gateway/main.js", [...add.split(" "), "--out", join(bundleDir, "b"), ...from, ...gatewayAt]);
  const gateway = await spawnPart({ script: "dist/gateway/main.js", args: ["start", ...gatewayAt] });
  return { engine, gateway, bundle: await readBundle(join(bundleDir, "b")), engineAt };
}

function settings(list: readonly string[]): string[] {
  return list.flatMap((one) => ["--set", one]);
}

async function must(script: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runToEnd({ script, args });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

/** A kiosk's log in a few lines: sealed check-ins, cut into signed batches. */
class Ledger {
  readonly #bundle: KioskBundle;
  readonly epoch: Epoch;
  #seq: number;
  #hash: Uint8Array;
  #session: SealingSession | null = null;

  constructor(bundle: KioskBundle, at?: { epoch: Epoch; seq: number; hash: Uint8Array }) {
    this.#bundle = bundle;
    this.epoch = at?.epoch ?? nextEpoch();
    this.#seq = at?.seq ?? 1;
    this.#hash = at?.hash ?? genesisHash(nodeCrypto, { device: bundle.device, epoch: this.epoch, stream: "c" });
  }

  copy(): Ledger {
    return new Ledger(this.#bundle, { epoch: this.epoch, seq: this.#seq, hash: this.#hash });
  }

  async batch(...ids: readonly string[]): Promise<Uint8Array> {
    const { trust, device, site, signer } = this.#bundle;
    this.#session ??= await SealingSession.open(nodeCrypto, {
      match: fromHex(trust.matchKey),
      vault: fromHex(trust.vaultKey),
    });
    const rows = ids.map((id, at) => {
      const place = { device, epoch: this.epoch, stream: "c" as const, seq: this.#seq + at, kind: "in" as const };
      const identity = (this.#session as SealingSession).seal(place, { scheme: "cccd", id }, null);
      return encodeRecord({ ...RECORD, seq: place.seq, wallMs: Date.now() as WallMs, identity });
    });
    const batch: Batch = {
      site,
      device,
      epoch: this.epoch,
      stream: "c",
      from: this.#seq,
      to: this.#seq + rows.length - 1,
      previousHash: this.#hash,
      sessions: [this.#session.header],
      rows,
    };
    const payload = encodeBatch(batch);
    [this.#seq, this.#hash] = [batch.to + 1, batchHash(nodeCrypto, payload)];
    return signCose1(payload, { key: signer.key, x5chain: signer.chain });
  }
}

const RECORD = {
  kind: "in",
  venue: parseVenueId("7k3m9q2x"),
  gate: 1,
  boot: parseBootId("0a0b0c0d"),
  boottimeMs: 1_000 as BoottimeMs,
  clock: "ntp",
  uncertaintyMs: 50,
  scheme: "cccd",
  party: 0,
  evidence: "document",
} as const;

async function openDoor({
  bundle,
  gateway,
}: Site): Promise<{ client: MqttClient; receipts: Receipt[]; send: (bytes: Uint8Array) => Promise<void> }> {
  const address = { privateKeyPem: bundle.tls.key, certificatePem: bundle.tls.cert, trust: bundle.trust };
  const port = Number(gateway.ready["mqttPort"]);
  const client = await connectDoor({
    ...bundle,
    port,
    bundle: { ...address, settings: { ...bundle, gatewayHost: "", gatewayPort: port } },
  });
  onTestFinished(() => void client.end(true));
  const receipts: Receipt[] = [];
  const key = await importVerifyKey(fromHex(bundle.trust.receiptKey));
  client.on("message", (_topic, payload) => {
    const message = parseCose1(payload);
    const receipt = decodeReceipt(message.payload);
    if (receipt.kind !== "store") receipts.push(receipt);
    else void verifyCose1(message, key).then(() => receipts.push(receipt));
  });
  await client.subscribeAsync(topicOf(bundle.site, bundle.device, "receipt"), { qos: 1 });
  const send = async (bytes: Uint8Array): Promise<void> => {
    await client.publishAsync(topicOf(bundle.site, bundle.device, "checkins"), Buffer.from(bytes), { qos: 1 });
  };
  return { client, receipts, send };
}

async function storedRows(site: Site): Promise<number> {
  const stats = JSON.parse(await must("dist/engine/main.js", ["stats", "--json", ...site.engineAt])) as {
    rows: number;
  };
  return stats.rows;
}

describe("gateway and engine as processes", () => {
  it("bring check-ins into the engine once, through an engine that is killed and comes back", async () => {
    const site = await openSite();
    const [door, ledger] = [await openDoor(site), new Ledger(site.bundle)];
    await door.send(await ledger.batch("001099000001", "001099000002"));
    await waitFor(() => door.receipts.some(({ kind, upto }) => kind === "store" && upto === 2));
    const port = new URL(String(site.engine.ready["url"])).port;
    await site.engine.kill9();
    for (let n = 3; n <= 12; n += 1) await door.send(await ledger.batch(`00109900${String(n).padStart(4, "0")}`));
    await waitFor(() => door.receipts.some(({ kind, upto }) => kind === "custody" && upto === 12));
    await site.engine.restart({ args: ["start", ...site.engineAt, "--set", `listen.port=${port}`] });
    await waitFor(() => door.receipts.some(({ kind, upto }) => kind === "store" && upto === 12), { timeoutMs: 20_000 });
    expect(await storedRows(site)).toBe(12);
  });

  it("answer a copied ledger with a fork, and take its rows under a new epoch", async () => {
    const site = await openSite();
    const [door, ledger] = [await openDoor(site), new Ledger(site.bundle)];
    await door.send(await ledger.batch("001099000001"));
    const copy = ledger.copy();
    await door.send(await ledger.batch("001099000002"));
    await waitFor(() => door.receipts.some(({ kind, upto }) => kind === "store" && upto === 2));
    await door.send(await copy.batch("001099000003"));
    await waitFor(() => door.receipts.some(({ kind, epoch }) => kind === "fork" && epoch === ledger.epoch));
    const reborn = new Ledger(site.bundle);
    await door.send(await reborn.batch("001099000003"));
    await waitFor(() => door.receipts.some(({ kind, epoch }) => kind === "store" && epoch === reborn.epoch));
    expect(await storedRows(site)).toBe(3);
  });

  it("put aside what the engine refuses, and say so", async () => {
    const site = await openSite();
    const [door, ledger] = [await openDoor(site), new Ledger(site.bundle)];
    const forged = await ledger.batch("001099000001");
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1; // the signature
    await door.send(forged);
    const log = (): boolean => site.gateway.lines.some((line) => line.includes("batch.refused"));
    await waitFor(log, { what: "the refusal in the gateway's log" });
  });
});
