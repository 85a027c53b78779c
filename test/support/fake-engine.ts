import { type TransportEvents, UplinkDownError, type UplinkTransport } from "../../kiosk/uplink/transport.ts";
import { batchHash, decodeBatch, genesisHash } from "../../protocol/checkin/batch.ts";
import { encodeReceipt, type Receipt } from "../../protocol/checkin/receipt.ts";
import { type CoseKey, importSigningKey, importVerifyKey, parseCose1, signCose1 } from "../../protocol/cose.ts";
import type { WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { createRoot } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";

/** A key pair for signing receipts or batches. */
export async function signingPair(): Promise<{ sign: CoseKey; verify: CoseKey }> {
  const raw = rawKeyPair((await createRoot("key", Date.UTC(2026, 0, 1))).privateKeyPem);
  return { sign: await importSigningKey(raw), verify: await importVerifyKey(raw.publicKey) };
}

/**
 * The far end of a kiosk's uplink in a few lines: takes batches in any order, answers store receipts, and can be told to misbehave.
 * Not a stand-in for the engine, which has tests of its own: it lets a test choose what a kiosk hears.
 */
export class FakeFarEnd implements UplinkTransport {
  readonly received = new Map<number, Uint8Array>();
  readonly batches: { from: number; to: number }[] = [];
  /** Answers a batch; a test replaces it to lose acknowledgements or receipts. */
  onBatch: (from: number) => "ack" | "drop" = () => "ack";
  sendsReceipts = true;
  /** Whether it stores, or only keeps as a gateway does. */
  receiptKind: "store" | "custody" = "store";
  /** Batches that begin here are answered `fork` once. */
  forkAt: number | null = null;
  #events: TransportEvents | null = null;
  #online = false;
  #clock = 1;
  readonly #key: CoseKey;

  constructor(key: CoseKey) {
    this.#key = key;
  }

  open(events: TransportEvents): Promise<void> {
    this.#events = events;
    return Promise.resolve();
  }

  setOnline(online: boolean): void {
    this.#online = online;
    if (online) this.#events?.up();
    else this.#events?.down();
  }

  async publish(leaf: string, payload: Uint8Array): Promise<void> {
    if (!this.#online) throw new UplinkDownError("offline");
    if (leaf !== "checkins") return;
    const batch = decodeBatch(parseCose1(payload).payload);
    if (this.onBatch(batch.from) === "drop") {
      this.setOnline(false);
      throw new UplinkDownError("lost");
    }
    this.batches.push({ from: batch.from, to: batch.to });
    const end = batchHash(nodeCrypto, parseCose1(payload).payload);
    if (this.forkAt === batch.from) {
      this.forkAt = null;
      await this.answer({ ...batch, kind: "fork", upto: batch.from - 1, chainHash: batch.previousHash });
      return;
    }
    for (const [at, row] of batch.rows.entries()) this.received.set(batch.from + at, row);
    if (this.sendsReceipts) await this.answer({ ...batch, kind: this.receiptKind, upto: batch.to, chainHash: end });
  }

  /** Signs and delivers a receipt. @returns its bytes */
  async answer(
    receipt: Pick<Receipt, "device" | "epoch" | "stream" | "kind" | "upto" | "chainHash"> & Partial<Receipt>,
  ): Promise<Uint8Array> {
    const { device, epoch, stream, kind, upto, chainHash, missing = [] } = receipt;
    this.#clock += 1;
    const full: Receipt = {
      device,
      epoch,
      stream,
      kind,
      upto,
      chainHash,
      missing,
      tombstoned: [],
      rejected: [],
      storeTimeMs: this.#clock as WallMs,
      n: upto,
    };
    const bytes = await signCose1(encodeReceipt(full), { key: this.#key });
    this.#events?.message("receipt", bytes);
    return bytes;
  }

  /** Hash before the first batch of a stream. */
  genesis(key: Parameters<typeof genesisHash>[1]): Uint8Array {
    return genesisHash(nodeCrypto, key);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
