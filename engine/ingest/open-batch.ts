import { concatBytes, fromHex, utf8 } from "../../protocol/bytes.ts";
import { type Batch, batchHash, decodeBatch } from "../../protocol/checkin/batch.ts";
import { decodeMatch } from "../../protocol/checkin/envelope.ts";
import { decodePresence, type PresenceContent } from "../../protocol/checkin/presence.ts";
import type { RejectionReason } from "../../protocol/checkin/receipt.ts";
import { type CheckinRecord, decodeRecord, encodeRecord } from "../../protocol/checkin/record.ts";
import type { EnvelopeOpener, SessionHeader } from "../../protocol/checkin/sealing.ts";
import { type Cose1, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BadSealError, BluepostError, MalformedError } from "../../protocol/errors.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { MAX_PACKET_BYTES } from "../../protocol/mqtt/messages.ts";
import type { PersonKeys } from "../keys/person-keys.ts";
import { hexOf } from "../store/bulk.ts";
import type { DeviceCertificates, KnownDevice } from "./device-certificates.ts";
import type { RevokedDevices } from "./revoked-devices.ts";

/** Why a whole batch is put aside. */
export type RefusalReason =
  | "too_large"
  | "malformed"
  | "foreign_certificate"
  | "bad_signature"
  | "wrong_device"
  | "revoked";

/** A row that may be stored: decoded, and its visitor known by key. */
export interface GoodRow {
  readonly record: CheckinRecord;
  /** First 16 bytes of SHA-256 of the row as it stood where it was sealed for. */
  readonly digest: Uint8Array;
  readonly person: PersonKey | null;
  /** What a presence row heard; null for every other row. */
  readonly heard: PresenceContent | null;
  /** The key that a kiosk's screen and beacon go by, 32 bytes; null for every row but those that tell it. */
  readonly venueKey: Uint8Array | null;
  /** The session of its envelopes; null when it has none. */
  readonly session: SessionHeader | null;
}

/** A row that goes to the dead letters. */
export interface BadRow {
  readonly seq: number;
  readonly reason: RejectionReason;
  readonly bytes: Uint8Array;
}

/** A batch whose signature, certificates and bounds hold. */
export interface OpenBatch extends Omit<Batch, "rows"> {
  readonly hash: Uint8Array;
  readonly good: readonly GoodRow[];
  readonly bad: readonly BadRow[];
  /** The message as it came. */
  readonly bytes: Uint8Array;
}

export type OpenedBatch =
  | { readonly kind: "open"; readonly batch: OpenBatch }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly bytes: Uint8Array };

/** What opening needs; all of it is safe for concurrent use. */
export interface BatchOpenerParts {
  readonly crypto: CryptoPort;
  readonly certificates: DeviceCertificates;
  readonly revoked: Pick<RevokedDevices, "refuses">;
  readonly envelopes: EnvelopeOpener;
  readonly persons: PersonKeys;
}

const DIGEST_BYTES = 16;

/** Verifies, decodes and opens batches: everything that costs time and needs no store. */
export class BatchOpener {
  readonly #parts: BatchOpenerParts;

  constructor(parts: BatchOpenerParts) {
    this.#parts = parts;
  }

  /** Never throws for what a sender can do wrong. */
  async open(bytes: Uint8Array): Promise<OpenedBatch> {
    const refused = (reason: RefusalReason): OpenedBatch => ({ kind: "refused", reason, bytes });
    if (bytes.length > MAX_PACKET_BYTES) return refused("too_large");
    const message = attempt(() => parseCose1(bytes));
    if (!message) return refused("malformed");
    const device = await this.#parts.certificates.identify(message.x5chain).catch(onlyFaults);
    if (!device) return refused("foreign_certificate");
    if (!(await isSignedBy(message, device))) return refused("bad_signature");
    const batch = attempt(() => decodeBatch(message.payload));
    if (!batch) return refused("malformed");
    const { identity } = device;
    if (batch.site !== identity.site || batch.device !== identity.device) return refused("wrong_device");
    if (this.#parts.revoked.refuses(batch)) return refused("revoked");
    return { kind: "open", batch: await this.#openRows(batch, message.payload, bytes) };
  }

  async #openRows(batch: Batch, payload: Uint8Array, bytes: Uint8Array): Promise<OpenBatch> {
    const { rows, ...head } = batch;
    const good: GoodRow[] = [];
    const bad: BadRow[] = [];
    const decoded = rows.map((row) => attempt(() => decodeRecord(row)));
    const sessions = await this.#admit(batch, decoded);
    for (const [at, row] of rows.entries()) {
      const opened = this.#openRow({ batch, sessions, seq: batch.from + at, bytes: row, record: decoded[at] ?? null });
      if ("reason" in opened) bad.push(opened);
      else good.push(opened);
    }
    return { ...head, hash: batchHash(this.#parts.crypto, payload), good, bad, bytes };
  }

  /** Prepares the sessions that rows use; one that does not open is left out, and its rows fail one by one. */
  async #admit(batch: Batch, records: readonly (CheckinRecord | null)[]): Promise<ReadonlyMap<string, SessionHeader>> {
    const used = new Set(records.flatMap((record) => (record?.identity ? [hexOf(record.identity.session)] : [])));
    const sessions = new Map<string, SessionHeader>();
    for (const header of batch.sessions) {
      const id = hexOf(header.id);
      if (!used.has(id)) continue;
      const admitted = await this.#parts.envelopes.admit(header).then(() => true, onlyFaults);
      if (admitted) sessions.set(id, header);
    }
    return sessions;
  }

  #openRow(row: {
    readonly batch: Batch;
    readonly sessions: ReadonlyMap<string, SessionHeader>;
    readonly seq: number;
    readonly bytes: Uint8Array;
    readonly record: CheckinRecord | null;
  }): GoodRow | BadRow {
    const { record, bytes, seq } = row;
    if (!record || !isSound(record)) return { seq, reason: "malformed", bytes };
    if (record.seq !== seq) return { seq, reason: "seq_mismatch", bytes };
    const visitor = attempt(() => this.#visitorOf(row.batch, row.sessions, record));
    if (!visitor) return { seq, reason: "bad_seal", bytes };
    return { record, digest: this.#digestOf(record, bytes), ...visitor };
  }

  #visitorOf(
    batch: Batch,
    sessions: ReadonlyMap<string, SessionHeader>,
    record: CheckinRecord,
  ): Omit<GoodRow, "record" | "digest"> {
    const { identity, origin, kind } = record;
    const nobody = { person: null, heard: null, venueKey: null };
    if (!identity) return { ...nobody, session: null };
    const session = sessions.get(hexOf(identity.session));
    if (!session) throw new BadSealError("row names a session that its batch does not carry");
    const { device, stream } = batch;
    const place = { device, stream, kind, epoch: origin?.epoch ?? batch.epoch, seq: origin?.seq ?? record.seq };
    const text = this.#parts.envelopes.open(session, identity, place);
    const isHeard = kind === "presence" && record.scheme !== "venue";
    const sealed = isHeard ? decodePresence(text) : decodeMatch(text);
    if (sealed.scheme !== record.scheme) throw new BadSealError("sealed scheme is not the row's");
    if ("n" in sealed) return { ...nobody, heard: sealed, session };
    if (sealed.scheme === "venue") return { ...nobody, venueKey: venueKeyOf(kind, sealed.id), session };
    return { ...nobody, person: this.#parts.persons.keyOf(sealed), session };
  }

  /** Of the row as it stood at its first place, so that both copies of a row that was issued again agree. */
  #digestOf(record: CheckinRecord, bytes: Uint8Array): Uint8Array {
    const { origin, ...first } = record;
    const row = origin ? encodeRecord({ ...first, seq: origin.seq }) : bytes;
    return this.#parts.crypto.sha256(row).subarray(0, DIGEST_BYTES);
  }
}

function venueKeyOf(kind: CheckinRecord["kind"], id: string): Uint8Array {
  const key = fromHex(id);
  if (kind !== "presence" || key.length !== 32) throw new MalformedError("not a venue's key");
  return key;
}

/** A tombstone and an annul speak of rows before their own, in the numbering that they were written in; presence is all in its seal. */
function isSound({ kind, lost, annuls, seq, origin, identity }: CheckinRecord): boolean {
  const own = origin?.seq ?? seq;
  if (kind === "tombstone") return lost !== undefined && lost.to < own;
  if (kind === "presence") return identity !== undefined;
  if (kind === "annul") return annuls !== undefined && annuls < own;
  return true;
}

/** Hash under which a refused message stands in the dead letters. */
export function letterHash(crypto: CryptoPort, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(utf8("bluepost v1 dead letter "), bytes));
}

async function isSignedBy(message: Cose1, device: KnownDevice): Promise<boolean> {
  return verifyCose1(message, device.key)
    .then(() => true, onlyFaults)
    .then((good) => good ?? false);
}

/** Runs a parser; null when it refuses its input. @throws whatever is not one of our faults */
function attempt<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (fault) {
    return onlyFaults(fault);
  }
}

function onlyFaults(fault: unknown): null {
  if (fault instanceof BluepostError) return null;
  throw fault;
}
