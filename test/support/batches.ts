import { type Batch, batchHash, encodeBatch, genesisHash, type StreamKey } from "../../protocol/checkin/batch.ts";
import type { MatchContent, VaultContent } from "../../protocol/checkin/envelope.ts";
import type { PresenceContent } from "../../protocol/checkin/presence.ts";
import { type CheckinRecord, encodeRecord, type RecordKind } from "../../protocol/checkin/record.ts";
import {
  createSealingKeyPair,
  type SealingKeys,
  SealingSession,
  type SessionHeader,
} from "../../protocol/checkin/sealing.ts";
import { type CoseKey, importSigningKey, signCose1 } from "../../protocol/cose.ts";
import {
  type BootId,
  type DeviceId,
  type Epoch,
  parseBootId,
  parseDeviceId,
  parseEpoch,
  parseSiteId,
  parseVenueId,
  type SiteId,
  type Stream,
  type VenueId,
} from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { createLeaf, createRoot, createSiteAuthority, deviceName, type Identity } from "../../runtime/pki/authority.ts";
import { pemToChain, rawKeyPair } from "../../runtime/pki/chain.ts";

/** A moment of no importance: 2026-11-16T02:00:00Z, nine in the morning in Vietnam. */
export const TEST_NOW = Date.UTC(2026, 10, 16, 2) as WallMs;

/** How long a test device has been up at {@link TEST_NOW}: 115 days, so that rows of the past have a boot time. */
const UPTIME_MS = 10_000_000_000;

/** An authority of its own for one test: a root, the sealing keys, and site intermediates on demand. */
export interface TestAuthority {
  readonly root: Identity;
  readonly matchPrivateKey: Uint8Array;
  readonly vaultPrivateKey: Uint8Array;
  readonly sealing: SealingKeys;
  /** The same site gives the same intermediate. */
  site(site: SiteId): Promise<Identity>;
}

/** Makes a root and sealing keys; or takes a real engine's by `root` and `sealing`. */
export async function makeAuthority(
  given: { readonly root?: Identity; readonly sealing?: SealingKeys; readonly nowMs?: number } = {},
): Promise<TestAuthority> {
  const nowMs = given.nowMs ?? TEST_NOW;
  const root = given.root ?? (await createRoot("Test authority", nowMs));
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const sites = new Map<SiteId, Promise<Identity>>();
  return {
    root,
    matchPrivateKey: match.privateKey,
    vaultPrivateKey: vault.privateKey,
    sealing: given.sealing ?? { match: match.publicKey, vault: vault.publicKey },
    site(name) {
      const known = sites.get(name) ?? createSiteAuthority(root, name, nowMs);
      sites.set(name, known);
      return known;
    },
  };
}

/** What a test says about one row; everything else has a default. A sealed `identity` is carried over untouched. */
export interface RowDraft extends Partial<CheckinRecord> {
  /** Whose check-in it is; rows without it get no identity. */
  readonly who?: MatchContent;
  readonly contact?: VaultContent;
  /** What the kiosk heard: makes a presence row. */
  readonly heard?: PresenceContent;
}

/** A batch as a kiosk would send it. */
export interface MadeBatch {
  /** COSE_Sign1 with the device's chain: what stands in an MQTT payload and in a batch set. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly hash: Uint8Array;
  readonly batch: Batch;
  readonly records: readonly CheckinRecord[];
}

/** One kiosk that makes rows, seals them and cuts batches; cheap after the first batch. */
export interface TestDevice {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly key: StreamKey;
  readonly chain: readonly Uint8Array[];
  readonly identity: Identity;
  /** Seq of the next row. */
  readonly nextSeq: number;
  /** Makes, seals and signs the next rows as one batch and moves the chain on. */
  batch(rows: readonly RowDraft[]): Promise<MadeBatch>;
  /** A device with the same certificate, epoch and chain position: a copied card. */
  clone(): TestDevice;
  /** The same device in a new life: new epoch, empty chain, the other stream if asked. */
  reborn(change?: { readonly epoch?: Epoch; readonly stream?: Stream }): TestDevice;
  /** Signs any payload as this device. */
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

/** The rows of a batch as a kiosk issues them again in a new epoch: the same seals, bound to where they first stood. */
export function reissued(from: MadeBatch): readonly RowDraft[] {
  return from.records.map(({ seq, ...row }) => ({ ...row, origin: row.origin ?? { epoch: from.batch.epoch, seq } }));
}

let epochs = 0;

/** A new epoch, different at each call, the same from run to run. */
export function nextEpoch(): Epoch {
  epochs += 1;
  return parseEpoch(epochs.toString(16).padStart(16, "0"));
}

export interface DeviceOptions {
  readonly site?: string;
  readonly device?: string;
  readonly venue?: string;
  readonly gate?: number;
  readonly boot?: string;
  readonly epoch?: Epoch;
  readonly stream?: Stream;
  readonly nowMs?: number;
}

/** Makes a kiosk of the authority: key, certificate, and an empty chain. */
export async function makeDevice(authority: TestAuthority, options: DeviceOptions = {}): Promise<TestDevice> {
  const site = parseSiteId(options.site ?? "school-1");
  const device = parseDeviceId(options.device ?? "door-a");
  const parent = await authority.site(site);
  const nowMs = options.nowMs ?? TEST_NOW;
  const identity = await createLeaf(parent, { name: deviceName(site, device), role: "client", nowMs });
  const chain = [...pemToChain(identity.certificatePem), ...pemToChain(parent.certificatePem)];
  const signingKey = await importSigningKey(rawKeyPair(identity.privateKeyPem));
  const place: Place = {
    site,
    device,
    epoch: options.epoch ?? nextEpoch(),
    stream: options.stream ?? "c",
    venue: parseVenueId(options.venue ?? "7k3m9q2x"),
    gate: options.gate ?? 1,
    boot: parseBootId(options.boot ?? "0a0b0c0d"),
  };
  return new BatchMaker({ place, identity, chain, signingKey, sealing: authority.sealing, sessions: new Map() });
}

interface Place extends StreamKey {
  readonly site: SiteId;
  readonly venue: VenueId;
  readonly gate: number;
  readonly boot: BootId;
}

interface Parts {
  readonly place: Place;
  readonly identity: Identity;
  readonly chain: readonly Uint8Array[];
  readonly signingKey: CoseKey;
  readonly sealing: SealingKeys;
  /** Headers of every session of this device and its copies, by id in hex. */
  readonly sessions: Map<string, SessionHeader>;
}

class BatchMaker implements TestDevice {
  readonly #parts: Parts;
  #session: SealingSession | null = null;
  #seq = 1;
  #hash: Uint8Array;

  constructor(parts: Parts, at?: { readonly seq: number; readonly hash: Uint8Array }) {
    this.#parts = parts;
    this.#seq = at?.seq ?? 1;
    this.#hash = at?.hash ?? genesisHash(nodeCrypto, parts.place);
  }

  get site(): SiteId {
    return this.#parts.place.site;
  }
  get device(): DeviceId {
    return this.#parts.place.device;
  }
  get epoch(): Epoch {
    return this.#parts.place.epoch;
  }
  get key(): StreamKey {
    const { device, epoch, stream } = this.#parts.place;
    return { device, epoch, stream };
  }
  get chain(): readonly Uint8Array[] {
    return this.#parts.chain;
  }
  get identity(): Identity {
    return this.#parts.identity;
  }
  get nextSeq(): number {
    return this.#seq;
  }

  async batch(rows: readonly RowDraft[]): Promise<MadeBatch> {
    const records: CheckinRecord[] = [];
    for (const row of rows) records.push(await this.#record(row, this.#seq + records.length));
    const used = new Set(
      records.flatMap(({ identity }) => (identity ? [Buffer.from(identity.session).toString("hex")] : [])),
    );
    const batch: Batch = {
      ...this.key,
      site: this.site,
      from: this.#seq,
      to: this.#seq + rows.length - 1,
      previousHash: this.#hash,
      sessions: [...used].map((id) => this.#parts.sessions.get(id) as SessionHeader),
      rows: records.map(encodeRecord),
    };
    const payload = encodeBatch(batch);
    const hash = batchHash(nodeCrypto, payload);
    this.#seq = batch.to + 1;
    this.#hash = hash;
    return { bytes: await this.sign(payload), payload, hash, batch, records };
  }

  clone(): TestDevice {
    return new BatchMaker(this.#parts, { seq: this.#seq, hash: this.#hash });
  }

  reborn(change: { readonly epoch?: Epoch; readonly stream?: Stream } = {}): TestDevice {
    const { place } = this.#parts;
    const born = { ...place, epoch: change.epoch ?? nextEpoch(), stream: change.stream ?? place.stream };
    return new BatchMaker({ ...this.#parts, place: born });
  }

  sign(payload: Uint8Array): Promise<Uint8Array> {
    return signCose1(payload, { key: this.#parts.signingKey, x5chain: this.#parts.chain });
  }

  async #record(row: RowDraft, seq: number): Promise<CheckinRecord> {
    const { who, contact, heard, ...given } = row;
    const { place } = this.#parts;
    const kind: RecordKind = given.kind ?? (heard ? "presence" : "in");
    const wallMs = given.wallMs ?? TEST_NOW;
    const record: CheckinRecord = {
      seq,
      kind,
      venue: place.venue,
      gate: place.gate,
      boot: place.boot,
      boottimeMs: (wallMs - TEST_NOW + UPTIME_MS) as BoottimeMs,
      wallMs,
      clock: "ntp",
      uncertaintyMs: 50,
      scheme: who?.scheme ?? heard?.scheme ?? "none",
      party: 0,
      evidence: who ? "document" : "none",
      ...given,
    };
    if (!who && !heard) return record;
    const session = await this.#open();
    const sealedAt = { ...this.key, ...(record.origin ?? { epoch: place.epoch, seq }), kind };
    if (heard) return { ...record, identity: session.sealPresence(sealedAt, heard) };
    return { ...record, identity: session.seal(sealedAt, who as MatchContent, contact ?? null) };
  }

  async #open(): Promise<SealingSession> {
    if (!this.#session?.remaining) {
      this.#session = await SealingSession.open(nodeCrypto, this.#parts.sealing);
      this.#parts.sessions.set(Buffer.from(this.#session.header.id).toString("hex"), this.#session.header);
    }
    return this.#session;
  }
}
