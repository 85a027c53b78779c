import { keyIdOf } from "../../protocol/checkin/sealing.ts";
import { type CoseKey, importSigningKey } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { VenueId } from "../../protocol/ids.ts";
import { withDecoys } from "../../protocol/publish/decoys.ts";
import { signPublished } from "../../protocol/publish/published-file.ts";
import { posterText } from "../../protocol/qr/venue-qr.ts";
import { HOUR_MS, type WallMs } from "../../protocol/units.ts";
import { caseKeys } from "../cases/case-keys.ts";
import { EngineInputError } from "../errors.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { RawKeyPair } from "../keys/vault-key.ts";
import type { EngineStore } from "../store/open-store.ts";
import { addPoster, MAX_POSTERS } from "../store/posters.ts";
import {
  addEntries,
  fileBytes,
  lastFile,
  listFiles,
  type PublishedHead,
  pruneFiles,
  storeFile,
  waitingEntries,
} from "../store/published.ts";
import { openingsHead } from "../store/vault-openings.ts";
import { venueNumber } from "../store/venue-number.ts";
import { type CasePlace, keyEntries, placeEntries } from "./case-entries.ts";

const SEED_BYTES = 16;

export interface PublisherParts {
  readonly store: EngineStore;
  readonly crypto: CryptoPort;
  readonly now: () => WallMs;
  readonly box: SecretBox;
  /** Signs the files; raw Ed25519. */
  readonly key: RawKeyPair;
}

/** A place and time of a case, as the trace names it. */
export interface PublishedPlace extends Omit<CasePlace, "venue"> {
  readonly venue: VenueId;
}

/** What an officer's decision to publish a case came to. */
export interface CasePublication {
  /** Keys and poster ids that the next file will hold; those of an earlier decision not counted. */
  readonly added: number;
  /** Venues of which no key and no poster is known: their visitors cannot be reached this way. */
  readonly unreachable: readonly VenueId[];
}

/** Makes the hourly files that phones match for themselves. */
export class Publisher {
  readonly #parts: PublisherParts;
  #signer: Promise<CoseKey> | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Raw public key of the files. */
  get publicKey(): Uint8Array {
    return this.#parts.key.publicKey;
  }

  /** Puts the places of a case into the next file, and the keys whose owner agreed. */
  publishCase(caseId: string, places: readonly PublishedPlace[]): Promise<CasePublication> {
    const { store, crypto, box, now } = this.#parts;
    return store.writer.transaction(async (sql) => {
      const unreachable = new Set<VenueId>();
      let added = await addEntries(sql, keyEntries(await caseKeys(sql, box, caseId)), now());
      for (const place of places) {
        const entries = await placeEntries(sql, { crypto, box }, { ...place, venue: venueNumber(place.venue) });
        if (entries.length === 0) unreachable.add(place.venue);
        added += await addEntries(sql, entries, now());
      }
      return { added, unreachable: [...unreachable].sort() };
    });
  }

  /**
   * Makes a poster for a venue.
   *
   * @returns the text of its code, which is its secret too
   * @throws {EngineInputError} ENGINE_INPUT when the venue has too many
   */
  async makePoster(venue: VenueId): Promise<string> {
    const { store, crypto, box, now } = this.#parts;
    const seed = crypto.randomBytes(SEED_BYTES);
    const poster = { venue: venueNumber(venue), sealed: box.seal(seed), nowMs: now() };
    const added = await store.writer.transaction((sql) => addPoster(sql, poster));
    if (!added) throw new EngineInputError(`a venue has at most ${MAX_POSTERS} posters`);
    return posterText(seed);
  }

  /** Makes the file of this hour unless it is there, with or without news. @returns it, or null when it was there */
  async makeFile(): Promise<PublishedHead | null> {
    const { store, crypto, now, key } = this.#parts;
    this.#signer ??= importSigningKey(key);
    const signer = { key: await this.#signer, kid: keyIdOf(crypto, key.publicKey) };
    return store.writer.transaction(async (sql) => {
      const hour = Math.floor(now() / HOUR_MS);
      const last = await lastFile(sql);
      if (last && last.hour >= hour) return null;
      const number = (last?.number ?? 0) + 1;
      const previous = last ? crypto.sha256(last.bytes) : new Uint8Array(32);
      const real = await waitingEntries(sql);
      const openings = await openingsHead(sql);
      const entries = withDecoys(crypto, real, now());
      const bytes = await signPublished({ number, hour, previous, openings, entries }, signer);
      await storeFile(sql, { number, hour, bytes, entries: real });
      return { number, hour };
    });
  }

  /** The files that are kept. */
  files(): Promise<readonly PublishedHead[]> {
    return listFiles(this.#parts.store.reader);
  }

  /** One signed file, or null. */
  file(number: number): Promise<Uint8Array | null> {
    return fileBytes(this.#parts.store.reader, number);
  }

  /** Deletes files that are past their time. */
  prune(beforeMs: WallMs): Promise<void> {
    return this.#parts.store.writer.transaction((sql) => pruneFiles(sql, Math.floor(beforeMs / HOUR_MS)));
  }
}
