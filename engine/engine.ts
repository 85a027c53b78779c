import type { MatchContent } from "../protocol/checkin/envelope.ts";
import type { RevocationReason } from "../protocol/checkin/revocations.ts";
import type { BlockCipherPort, CryptoPort } from "../protocol/crypto-port.ts";
import type { BatchSetAnswer } from "../protocol/http/engine-api.ts";
import type { DeviceId, PersonKey, SiteId } from "../protocol/ids.ts";
import type { WallMs } from "../protocol/units.ts";
import type { RootLogger } from "../runtime/log.ts";
import type { CaseFile, InfectiousWindow, NewCase } from "./cases/cases.ts";
import type { EngineConfig } from "./config.ts";
import type { SiteKeyAnswer } from "./doors/site-key-desk.ts";
import type { FacilityDesk } from "./facilities/facility-desk.ts";
import type { RevocationVerdict } from "./ingest/revoked-devices.ts";
import type { EngineKeys } from "./keys/engine-keys.ts";
import type { Contact } from "./match/contact.ts";
import type { TraceAnswer } from "./match/trace.ts";
import type { CasePublication, Publisher } from "./publish/publisher.ts";
import type { RadioDesk } from "./radio/radio-desk.ts";
import type { TokenDesk } from "./radio/token-desk.ts";
import type { JudgedPerson } from "./rules/judge-trace.ts";
import type { RulePack } from "./rules/rule-pack.ts";
import type { Pruned } from "./store/retention.ts";
import type { EngineStats } from "./store/stats.ts";
import type { Telling } from "./store/told-facts.ts";
import type { Venue } from "./store/venues.ts";
import type { VaultDesk } from "./vault/vault-desk.ts";

/** Everything of the outside world that an engine works with. */
export interface EngineDeps {
  readonly config: EngineConfig;
  readonly now: () => WallMs;
  readonly log: RootLogger;
  readonly crypto: CryptoPort & BlockCipherPort;
}

/** A case as it is reported: its person by documents, by keys, or both. */
export interface CaseReport extends Omit<NewCase, "persons"> {
  readonly documents?: readonly MatchContent[];
  readonly persons?: readonly PersonKey[];
}

/** A traced case: whom it may have met, with the evidence and what the rule of the day says to it. */
export interface Trace extends Omit<TraceAnswer, "persons"> {
  readonly case: CaseFile;
  readonly window: InfectiousWindow;
  /** Contacts first, then those who may be. */
  readonly persons: readonly JudgedPerson[];
}

/** The authority's engine. All reads see what is committed; `trace` and `visits` first finish the visits of every stored row. */
export interface Engine {
  readonly keys: EngineKeys;
  /** Keys of cases, and what kiosks heard of them. */
  readonly radio: RadioDesk;
  readonly tokens: TokenDesk;
  readonly publisher: Publisher;
  /** Places that check themselves. */
  readonly facilities: FacilityDesk;
  /** Names and telephone numbers, with a key that the engine does not have. */
  readonly vault: VaultDesk;
  /** Stores signed batches and answers each with a verdict and a signed receipt. @throws {EngineBusyError} ENGINE_BUSY */
  ingest(batches: readonly Uint8Array[]): Promise<BatchSetAnswer>;
  /** Takes a gateway's signed revocation list: rows that a revoked device signs afterwards are refused. */
  takeRevocations(list: Uint8Array): Promise<RevocationVerdict>;
  /** Orders a kiosk's gateway to revoke it. */
  orderRevocation(site: SiteId, device: DeviceId, reason: RevocationReason): Promise<void>;
  /** The signed orders for a site's gateway; null when there are none. */
  revocationOrders(site: SiteId): Promise<Uint8Array | null>;
  /** Answers a kiosk that asks for the key which the doors of its site share. */
  siteKey(request: Uint8Array): Promise<SiteKeyAnswer>;
  /** The key that the engine knows the holder of a document by. */
  personOf(document: MatchContent): PersonKey;
  /** @throws {EngineInputError} ENGINE_INPUT when person or date is missing */
  addCase(report: CaseReport): Promise<CaseFile>;
  listCases(): Promise<readonly CaseFile[]>;
  /** @throws {EngineInputError} ENGINE_INPUT when there is no such case */
  findCase(id: string): Promise<CaseFile>;
  /** When a case may have infected others, by the rule of its day. */
  windowOf(caseId: string): Promise<InfectiousWindow>;
  /** @param options.daysBefore days before onset or sample that count; by default what the rule of that day says */
  trace(caseId: string, options?: { readonly daysBefore?: number }): Promise<Trace>;
  /**
   * Writes down what an officer was told about a person beside a case, for the verdict; null takes it back.
   *
   * @throws {EngineInputError} ENGINE_INPUT when there is no such case
   */
  noteTold(telling: Telling): Promise<void>;
  /** The definitions of a close contact, the oldest first. */
  readonly rules: readonly RulePack[];
  /**
   * Puts where the case was within its window, and the keys whose owner agreed, into the next published file: an officer's decision,
   * never made by itself. Stays whose time is unknown are left out.
   */
  publishCase(caseId: string): Promise<CasePublication>;
  /** All visits of these keys within retention. */
  visits(persons: readonly PersonKey[]): Promise<readonly Contact[]>;
  putVenue(venue: Venue): Promise<void>;
  listVenues(): Promise<readonly Venue[]>;
  stats(): Promise<EngineStats>;
  /** Resolves when the store answers and can be trusted. @throws {StoreError} RT_STORE_FAILED, {StoreCorruptError} RT_STORE_CORRUPT */
  probe(): Promise<void>;
  /** Resolves when every stored row has its visits. */
  settle(): Promise<void>;
  /** Deletes what is past its retention. */
  prune(): Promise<Pruned>;
  /** Erases a person's rows and keeps them from coming back. @returns rows deleted */
  erase(person: PersonKey): Promise<number>;
  /** Starts the HTTP API. @returns its address */
  listen(): Promise<{ readonly url: string }>;
  /** Makes the server's certificate anew when it is due; nothing without `listen.tls`. */
  renewTls(): Promise<void>;
  /** Finishes the commit under way and closes; calling it again waits for the same. */
  close(): Promise<void>;
}
