import { decodeVault, type VaultContent } from "../../protocol/checkin/envelope.ts";
import { EnvelopeOpener } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import { brokenAt, type ChainedOpening, openingHash } from "../../protocol/publish/opening-record.ts";
import type { WallMs } from "../../protocol/units.ts";
import { findCase } from "../cases/cases.ts";
import { EngineInputError } from "../errors.ts";
import type { RawKeyPair } from "../keys/vault-key.ts";
import type { EngineStore } from "../store/open-store.ts";
import { sealedContacts } from "../store/sealed-contacts.ts";
import { addOpening, listOpenings, openingsHead } from "../store/vault-openings.ts";

export interface VaultDeskParts {
  readonly store: EngineStore;
  readonly crypto: CryptoPort;
  readonly now: () => WallMs;
  /** Who was beside a case; see the engine's own `trace`. */
  readonly trace: (caseId: string, options: TraceOptions) => Promise<Named>;
}

/** Days before onset or sample that count. */
interface TraceOptions {
  readonly daysBefore?: number;
}

/** Whom a trace names. */
interface Named {
  readonly case: { readonly persons: readonly PersonKey[] };
  readonly persons: readonly { readonly person: PersonKey }[];
  readonly tokens: readonly { readonly person: PersonKey | null }[];
}

/** What an officer asks for. */
export interface OpeningRequest extends TraceOptions {
  readonly caseId: string;
  /** Why, in the officer's words; it stays on record for good, so no name or number belongs in it. */
  readonly reason: string;
  readonly persons: readonly PersonKey[];
}

/** How to reach a person, as his codes said it. */
export interface ReachablePerson {
  readonly person: PersonKey;
  /** Each different thing that was in an envelope, the newest first; empty: his codes said nothing. */
  readonly contents: readonly VaultContent[];
  /** Envelopes that the key does not open: they were sealed for another. */
  readonly unopened: number;
}

/** What an opening brought to light. */
export interface Opening {
  /** Its number on record. */
  readonly n: number;
  readonly persons: readonly ReachablePerson[];
}

/** Every opening on record, and whether the record is whole. */
export interface OpeningsAudit {
  readonly openings: readonly ChainedOpening[];
  /** The first number that was changed, left out or put in afterwards; null: none. */
  readonly brokenAt: number | null;
}

const REASON_LENGTH = { min: 8, max: 500 };
const MOST_PERSONS = 1_000;

/**
 * Opens vault envelopes, with a key that the engine itself does not have, for a case and a reason, on record.
 *
 * Only persons whom the trace of the case names can be opened. The record is committed before anything is readable: an opening that
 * fails afterwards is on record too.
 */
export class VaultDesk {
  readonly #parts: VaultDeskParts;

  constructor(parts: VaultDeskParts) {
    this.#parts = parts;
  }

  /**
   * Opens the envelopes of some persons.
   *
   * @param key the authority's vault key (engine/keys/vault-key.ts)
   * @throws {EngineInputError} ENGINE_INPUT when there is no such case, the reason is no reason, or the trace does not name somebody
   */
  async open(request: OpeningRequest, key: RawKeyPair): Promise<Opening> {
    const { store, crypto } = this.#parts;
    const asked = await this.#check(request);
    const { n } = await store.writer.transaction(async (sql) => {
      const { count, hash: previous } = await openingsHead(sql);
      const record = { ...asked, n: count + 1, openedMs: this.#parts.now(), previous };
      const chained: ChainedOpening = { ...record, hash: openingHash(crypto, record) };
      await addOpening(sql, chained);
      return chained;
    });
    const opener = new EnvelopeOpener(crypto, "vault", key);
    const persons: ReachablePerson[] = [];
    for (const person of asked.persons) persons.push(await this.#reach(opener, person));
    return { n, persons };
  }

  /** Every opening on record. */
  async audit(): Promise<OpeningsAudit> {
    const openings = await listOpenings(this.#parts.store.reader);
    return { openings, brokenAt: brokenAt(this.#parts.crypto, openings) };
  }

  async #check({ caseId, reason, persons, ...options }: OpeningRequest): Promise<OpeningRequest> {
    const words = reason.trim().replace(/\s+/g, " ");
    const { id } = await findCase(this.#parts.store.reader, caseId);
    if (words.length < REASON_LENGTH.min || words.length > REASON_LENGTH.max)
      throw new EngineInputError(`a reason has ${REASON_LENGTH.min} to ${REASON_LENGTH.max} characters`);
    if (persons.length === 0 || persons.length > MOST_PERSONS)
      throw new EngineInputError(`an opening is for 1 to ${MOST_PERSONS} persons`);
    const named = namesOf(await this.#parts.trace(id, options));
    if (!persons.every((person) => named.has(person)))
      throw new EngineInputError("only persons whom the trace of this case names can be opened");
    return { caseId: id, reason: words, persons: [...new Set(persons)].sort() };
  }

  async #reach(opener: EnvelopeOpener, person: PersonKey): Promise<ReachablePerson> {
    const contents = new Map<string, VaultContent>();
    let unopened = 0;
    for (const { header, identity, place } of await sealedContacts(this.#parts.store.reader, person)) {
      try {
        await opener.admit(header);
        const content = decodeVault(opener.open(header, identity, place));
        contents.set(JSON.stringify(content), content);
      } catch (fault) {
        if (!(fault instanceof BluepostError)) throw fault;
        unopened += 1;
      }
    }
    return { person, contents: [...contents.values()], unopened };
  }
}

function namesOf({ case: { persons: own }, persons, tokens }: Named): ReadonlySet<PersonKey> {
  const wearers = tokens.flatMap(({ person }) => person ?? []);
  return new Set([...own, ...persons.map(({ person }) => person), ...wearers]);
}
