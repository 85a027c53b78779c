import type { StreamKey } from "../../protocol/checkin/batch.ts";
import type { Receipt } from "../../protocol/checkin/receipt.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { ChainPoint } from "./chain.ts";

/** The two leaves that carry batches, and the stream that each may carry. */
export const BATCH_LEAVES = { checkins: "c", presence: "p" } as const;
export type BatchLeaf = keyof typeof BATCH_LEAVES;

/** Why a message was put aside instead of into the spool. Each is counted. */
export type QuarantineReason =
  /** Not a signed batch. */
  | "malformed"
  /** A batch of another device or site than the session's. */
  | "foreign_device"
  /** A presence batch on `checkins`, or the other way round. */
  | "wrong_stream"
  /** The device began more ledger lives than the gateway keeps books of. */
  | "too_many_epochs"
  /** It contradicts the chain that the gateway or the engine knows. */
  | "fork"
  /** The engine's final word. */
  | "refused";

/** What became of one published message; in every case it is on the disk. */
export type Acceptance =
  | { readonly kind: "stored" }
  /** It was here already: the device missed an acknowledgement or a receipt. */
  | { readonly kind: "duplicate"; readonly key: StreamKey }
  | { readonly kind: "fork"; readonly key: StreamKey; readonly agreed: ChainPoint }
  | { readonly kind: "quarantined"; readonly device: DeviceId; readonly reason: QuarantineReason };

/** A batch on its way to the engine. */
export interface SpooledBatch {
  readonly id: number;
  readonly streamId: number;
  readonly key: StreamKey;
  readonly from: number;
  readonly to: number;
  /** COSE_Sign1 as the kiosk sent it. */
  readonly body: Uint8Array;
}

/** What the engine said about one set of batches, verified. */
export interface Settlement {
  /** Store receipts, at most one a stream. */
  readonly receipts: readonly {
    readonly streamId: number;
    readonly receipt: Receipt;
    readonly bytes: Uint8Array;
  }[];
  /** Batches that the engine has. */
  readonly delivered: readonly SpooledBatch[];
  /** Batches that it will never take. */
  readonly refused: readonly { readonly batch: SpooledBatch; readonly reason: "fork" | "refused" }[];
}

/** How much waits, and what was put aside since the spool was made. */
export interface SpoolStats {
  readonly batches: number;
  readonly undelivered: number;
  /** When the oldest batch that the engine lacks came in; null when there is none. */
  readonly oldestUndeliveredAt: WallMs | null;
  readonly streams: number;
  /** Messages put aside, by reason. */
  readonly quarantined: Readonly<Record<string, number>>;
}

/** Who published a batch: the session's device and the leaf. */
export interface Sender {
  readonly device: DeviceId;
  readonly leaf: BatchLeaf;
}

/** How far the gateway has one stream without a gap, counting from what the engine has. */
export interface Custody {
  readonly key: StreamKey;
  readonly point: ChainPoint;
  /** Whether later batches are here too. */
  readonly gaps: boolean;
}
