import { utf8 } from "../../protocol/bytes.ts";
import type { BlockCipherPort, CryptoPort } from "../../protocol/crypto-port.ts";
import type { CaseKeyAnswer, CaseKeyUpload } from "../../protocol/http/case-keys.ts";
import type { P256KeyPair } from "../../protocol/qr/p256.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { AttemptLimiter } from "../cases/attempt-limiter.ts";
import { addCaseKeys, caseKeys, pruneCaseKeys } from "../cases/case-keys.ts";
import { type CaseFile, findCase, type InfectiousWindow } from "../cases/cases.ts";
import { issueKeyCode, KEY_CODE_MINUTES, type KeyCode, redeemKeyCode, useKeyCode } from "../cases/key-codes.ts";
import { claimedEvents, openClaims } from "../cases/place-claims.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { Heard } from "../match/trace.ts";
import type { EngineStore } from "../store/open-store.ts";
import { venuePolicies } from "../store/venues.ts";
import { pairVisits } from "../visits/pair-visits.ts";
import type { ClosingHour, Stays } from "../visits/venue-policy.ts";
import type { Visit } from "../visits/visit.ts";
import { KeyExpander } from "./expand-keys.ts";
import { findSessions } from "./find-sessions.ts";
import { HeardIndex } from "./heard-index.ts";
import { foldStays } from "./heard-stays.ts";

/** What became of an upload of keys. */
export type UploadOutcome =
  | { readonly kind: "taken"; readonly results: readonly CaseKeyAnswer[] }
  /** The code is unknown, expired or used up. */
  | { readonly kind: "refused" }
  /** Too many refused codes came from there. */
  | { readonly kind: "limited" };

export interface RadioDeskParts {
  readonly store: EngineStore;
  readonly crypto: CryptoPort & BlockCipherPort;
  readonly now: () => WallMs;
  readonly box: SecretBox;
  /** Opens the codes of kiosks' screens. */
  readonly venueKey: P256KeyPair;
  readonly policies: { readonly stays: Stays; readonly assumedClosingHour: ClosingHour };
  /** When a case may have infected others. */
  readonly windowOf: (file: CaseFile) => InfectiousWindow;
}

interface Given {
  readonly items: readonly unknown[];
  readonly claims: Awaited<ReturnType<typeof openClaims>>;
}

/** Keys of cases: how they come in, and where kiosks heard them. */
export class RadioDesk {
  readonly #parts: RadioDeskParts;
  readonly #index: HeardIndex;
  readonly #limiter: AttemptLimiter;

  constructor(parts: RadioDeskParts) {
    this.#parts = parts;
    this.#index = new HeardIndex((length) => parts.crypto.randomBytes(length));
    this.#limiter = new AttemptLimiter(parts.now);
  }

  /**
   * Makes a one-time code that an officer gives to a case, so that nothing is handed in silently.
   *
   * @param minutes until it expires, at most a day
   * @throws {EngineInputError} ENGINE_INPUT when there is no such case
   */
  async issueKeyCode(caseId: string, minutes: number = KEY_CODE_MINUTES): Promise<KeyCode> {
    const { store, crypto, box, now } = this.#parts;
    await findCase(store.reader, caseId);
    return store.writer.transaction((sql) => issueKeyCode(sql, { crypto, box, caseId, minutes, nowMs: now() }));
  }

  /**
   * Takes the keys of an upload. The code is used up by the first upload of which a key was taken; sending that very upload again is
   * safe.
   *
   * @param address who asks, to bound guessing; forgotten after ten minutes
   */
  async uploadKeys(upload: CaseKeyUpload, address: string): Promise<UploadOutcome> {
    if (!this.#limiter.allows(address)) return { kind: "limited" };
    const { store, crypto, box, now, venueKey } = this.#parts;
    const { code, items } = upload;
    const claims = await openClaims(crypto, venueKey, items);
    const print = { box, code, upload: crypto.sha256(utf8(JSON.stringify(items))) };
    const outcome = await store.writer.transaction(async (sql): Promise<UploadOutcome> => {
      const redeemed = await redeemKeyCode(sql, { ...print, nowMs: now() });
      if (redeemed.kind === "refused") return redeemed;
      const results = await this.#add(sql, redeemed.caseId, { items, claims });
      if (results.some(({ verdict }) => verdict !== "refused")) await useKeyCode(sql, print);
      return { kind: "taken", results };
    });
    if (outcome.kind === "refused") this.#limiter.refused(address);
    return outcome;
  }

  /**
   * Takes keys that an officer has, without a code.
   *
   * @throws {EngineInputError} ENGINE_INPUT when there is no such case
   */
  async addCaseKeys(caseId: string, items: readonly unknown[]): Promise<readonly CaseKeyAnswer[]> {
    const { store, crypto, venueKey } = this.#parts;
    const claims = await openClaims(crypto, venueKey, items);
    return store.writer.transaction((sql) => this.#add(sql, caseId, { items, claims }));
  }

  async #add(sql: Sql, caseId: string, given: Given): Promise<readonly CaseKeyAnswer[]> {
    const { crypto, box, now, windowOf } = this.#parts;
    const { items, claims } = given;
    const window = windowOf(await findCase(sql, caseId));
    return addCaseKeys(sql, items, { crypto, box, caseId, window, nowMs: now(), claims });
  }

  /** Places that the case's phone scanned, as visits whose end is inferred like that of any forgotten check-out. */
  async claimedOf(caseId: string): Promise<readonly Visit[]> {
    const { store, policies } = this.#parts;
    const events = await claimedEvents(store.reader, caseId);
    if (events.length === 0) return [];
    const venues = events.map(({ venue }) => venue);
    return pairVisits(events, await venuePolicies(store.reader, { venues, ...policies }));
  }

  /** Where kiosks heard the keys of a case within the window. */
  async heardOf(caseId: string, window: InfectiousWindow): Promise<Heard> {
    const { store, crypto, box } = this.#parts;
    const keys = await caseKeys(store.reader, box, caseId);
    if (keys.length === 0) return { stays: [], sessions: new Set() };
    const observed = await this.#index.upToDate(store.reader);
    const expander = new KeyExpander(crypto);
    const sessions = await findSessions(keys, { sql: store.reader, expander, observed, window });
    return { stays: foldStays(sessions), sessions: new Set(sessions.map(({ id }) => id)) };
  }

  /** Deletes keys and codes that are past their time. */
  async prune(beforeMs: WallMs): Promise<void> {
    const { store, now } = this.#parts;
    await store.writer.transaction((sql) => pruneCaseKeys(sql, beforeMs, now()));
    this.forgetIndex();
  }

  /** To be called when sessions were deleted. */
  forgetIndex(): void {
    this.#index.forget();
  }
}
