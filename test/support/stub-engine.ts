import { createServer, type Server } from "node:http";
import { type EngineClient, EngineUnreachableError } from "../../gateway/app.ts";
import { toBase64Url } from "../../protocol/bytes.ts";
import { type Batch, batchHash, decodeBatch, genesisHash } from "../../protocol/checkin/batch.ts";
import { encodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { type CoseKey, importSigningKey, parseCose1, signCose1 } from "../../protocol/cose.ts";
import { BATCHES_PATH, type BatchAnswer, decodeBatchSet, REVOCATIONS_PATH } from "../../protocol/http/engine-api.ts";
import type { WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { TestSite } from "./gateway-site.ts";

interface Stored {
  readonly to: number;
  readonly hash: Uint8Array;
}

/** What a test may make of one batch instead of storing it. */
export type Misbehaviour = (batch: Batch, bytes: Uint8Array) => BatchAnswer | Promise<BatchAnswer> | null;

/** The engine's side of the port in a few lines: stores in memory, signs receipts, and misbehaves when told to. */
export class StubEngine implements EngineClient {
  readonly #key: CoseKey;
  readonly #streams = new Map<string, Map<number, Stored>>();
  /** Number of batches in each request, in order. */
  readonly requests: number[] = [];
  /** `device from` of each batch stored, in order, repeats left out. */
  readonly stored: string[] = [];
  /** Revocation lists that came over HTTP. */
  readonly revocations: Uint8Array[] = [];
  down = false;
  /** Throws to fail the whole request. */
  onRequest: (batches: readonly Uint8Array[]) => void = () => {};
  onBatch: Misbehaviour = () => null;

  private constructor(key: CoseKey) {
    this.#key = key;
  }

  static async create(site: TestSite): Promise<StubEngine> {
    return new StubEngine(await importSigningKey(site.receiptPair));
  }

  async postBatches(batches: readonly Uint8Array[]): Promise<readonly BatchAnswer[]> {
    if (this.down) throw new EngineUnreachableError("down");
    this.requests.push(batches.length);
    this.onRequest(batches);
    const answers: BatchAnswer[] = [];
    for (const bytes of batches) {
      const { payload } = parseCose1(bytes);
      const batch = decodeBatch(payload);
      answers.push((await this.onBatch(batch, bytes)) ?? (await this.#store(batch, payload)));
    }
    return answers;
  }

  /** Every seq of one device's check-ins that is stored. */
  seqsOf(device: string): ReadonlySet<number> {
    const seqs = new Set<number>();
    for (const [name, stream] of this.#streams) {
      if (!name.startsWith(`${device} `)) continue;
      for (const [from, { to }] of stream) for (let seq = from; seq <= to; seq += 1) seqs.add(seq);
    }
    return seqs;
  }

  /** Signs a receipt. @param key another key than the engine's, for a forgery */
  async sign(
    receipt: Pick<Receipt, "kind" | "device" | "epoch" | "stream" | "upto" | "chainHash"> & Partial<Receipt>,
    key = this.#key,
  ): Promise<string> {
    const { kind, device, epoch, stream, upto, chainHash, missing = [] } = receipt;
    const storeTimeMs = Date.now() as WallMs;
    const full = {
      kind,
      device,
      epoch,
      stream,
      upto,
      chainHash,
      missing,
      tombstoned: [],
      rejected: [],
      storeTimeMs,
      n: upto,
    };
    return toBase64Url(await signCose1(encodeReceipt(full), { key }));
  }

  /** Serves this engine over HTTP on a free port. */
  async serve(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = new Uint8Array(Buffer.concat(parts));
        if (request.url === REVOCATIONS_PATH) {
          this.revocations.push(body);
          response.writeHead(204).end();
          return;
        }
        if (request.url !== BATCHES_PATH) {
          response.writeHead(404).end();
          return;
        }
        this.postBatches(decodeBatchSet(body)).then(
          (results) => response.setHeader("content-type", "application/json").end(JSON.stringify({ results })),
          () => response.writeHead(this.down ? 503 : 500).end(),
        );
      });
    });
    const port = await listen(server);
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return { url: `http://127.0.0.1:${port}`, close };
  }

  async #store(batch: Batch, payload: Uint8Array): Promise<BatchAnswer> {
    const name = `${batch.device} ${batch.epoch} ${batch.stream}`;
    const stream = this.#streams.get(name) ?? new Map<number, Stored>();
    this.#streams.set(name, stream);
    const known = stream.has(batch.from);
    if (!known) this.stored.push(`${batch.device} ${batch.from}`);
    stream.set(batch.from, { to: batch.to, hash: batchHash(nodeCrypto, payload) });
    let end = { upto: 0, chainHash: genesisHash(nodeCrypto, batch) };
    for (let next = stream.get(1); next; next = stream.get(end.upto + 1)) end = { upto: next.to, chainHash: next.hash };
    const receipt = await this.sign({ ...batch, ...end, kind: "store" });
    return { verdict: known ? "duplicate" : "stored", receipt };
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}
