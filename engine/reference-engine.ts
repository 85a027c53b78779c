import type { MatchContent } from "../protocol/checkin/envelope.ts";
import type { RevocationReason } from "../protocol/checkin/revocations.ts";
import { EnvelopeOpener } from "../protocol/checkin/sealing.ts";
import type { BatchSetAnswer } from "../protocol/http/engine-api.ts";
import type { DeviceId, PersonKey, SiteId } from "../protocol/ids.ts";
import { DAY_MS, type WallMs } from "../protocol/units.ts";
import { createEngineTls, type EngineTls, isTlsDue, useTls } from "./api/gateway-tls.ts";
import { buildApi } from "./api/http.ts";
import { addCase, type CaseFile, findCase, type InfectiousWindow, listCases } from "./cases/cases.ts";
import { type SiteKeyAnswer, SiteKeyDesk } from "./doors/site-key-desk.ts";
import type { CaseReport, Engine, EngineDeps, Trace } from "./engine.ts";
import type { CheckList } from "./facilities/check-list.ts";
import { FacilityDesk } from "./facilities/facility-desk.ts";
import { DeviceCertificates } from "./ingest/device-certificates.ts";
import { IngestService } from "./ingest/ingest-service.ts";
import { BatchOpener } from "./ingest/open-batch.ts";
import type { ReceiptSigner } from "./ingest/receipts.ts";
import { RevocationOrders } from "./ingest/revocation-orders.ts";
import type { RevocationVerdict, RevokedDevices } from "./ingest/revoked-devices.ts";
import type { EngineKeys } from "./keys/engine-keys.ts";
import { PersonKeys } from "./keys/person-keys.ts";
import type { SecretBox } from "./keys/secret-box.ts";
import type { Contact } from "./match/contact.ts";
import type { CasePublication, Publisher } from "./publish/publisher.ts";
import type { RadioDesk } from "./radio/radio-desk.ts";
import type { TokenDesk } from "./radio/token-desk.ts";
import type { TokenSeeker } from "./radio/token-seeker.ts";
import type { RulePack } from "./rules/rule-pack.ts";
import type { EngineStore } from "./store/open-store.ts";
import { erasePerson, type Pruned, pruneStore } from "./store/retention.ts";
import { type EngineStats, readStats } from "./store/stats.ts";
import type { Telling } from "./store/told-facts.ts";
import { listVenues, putVenue, type Venue } from "./store/venues.ts";
import { WriteProbe } from "./store/write-probe.ts";
import { TraceDesk } from "./trace-desk.ts";
import { VaultDesk } from "./vault/vault-desk.ts";
import type { Stays } from "./visits/venue-policy.ts";
import { VisitBuilder } from "./visits/visit-builder.ts";
import { wireRadio } from "./wire-radio.ts";

/** What a {@link ReferenceEngine} is made of. */
export interface EngineParts {
  readonly deps: EngineDeps;
  readonly stays: Stays;
  readonly rules: readonly RulePack[];
  readonly checkLists: ReadonlyMap<string, CheckList>;
  readonly store: EngineStore;
  readonly keys: EngineKeys;
  readonly signer: ReceiptSigner;
  readonly revoked: RevokedDevices;
  readonly tls: EngineTls | null;
}

function createIngest(
  { deps, store, keys, signer, revoked }: EngineParts,
  more: {
    readonly persons: PersonKeys;
    readonly certificates: DeviceCertificates;
    readonly box: SecretBox;
    readonly onStored: (isRadio: boolean) => void;
  },
): IngestService {
  const { config, crypto, now, log } = deps;
  const opener = new BatchOpener({
    crypto,
    certificates: more.certificates,
    revoked,
    envelopes: new EnvelopeOpener(crypto, "match", keys.match),
    persons: more.persons,
  });
  return new IngestService({
    database: store.writer,
    crypto,
    box: more.box,
    opener,
    signer,
    retentionMs: config.retentionDays * DAY_MS,
    now,
    log: log.child("ingest"),
    onStored: more.onStored,
  });
}

/** The engine over SQLite, in one process. */
export class ReferenceEngine implements Engine {
  readonly keys: EngineKeys;
  readonly rules: readonly RulePack[];
  readonly radio: RadioDesk;
  readonly tokens: TokenDesk;
  readonly publisher: Publisher;
  readonly vault: VaultDesk;
  readonly facilities: FacilityDesk;
  readonly #tracing: TraceDesk;
  readonly #seeker: TokenSeeker;
  readonly #deps: EngineDeps;
  readonly #stays: Stays;
  readonly #store: EngineStore;
  readonly #persons: PersonKeys;
  readonly #revoked: RevokedDevices;
  readonly #orders: RevocationOrders;
  readonly #siteKeys: SiteKeyDesk;
  #tls: EngineTls | null;
  readonly #builder: VisitBuilder;
  readonly #ingest: IngestService;
  readonly #api: ReturnType<typeof buildApi>;
  #closing: Promise<void> | null = null;

  constructor(parts: EngineParts) {
    const { deps, stays, store, keys, revoked, tls } = parts;
    const { config, crypto, now, log } = deps;
    this.#deps = deps;
    this.#stays = stays;
    this.#store = store;
    this.keys = keys;
    this.rules = parts.rules;
    this.#revoked = revoked;
    this.#orders = new RevocationOrders({ store, keys, now });
    this.#tls = tls;
    const persons = new PersonKeys(crypto, keys.secret);
    this.#persons = persons;
    const policies = { stays, assumedClosingHour: config.closingHour };
    const oldestMs = (): WallMs => this.#oldestMs();
    this.#builder = new VisitBuilder({ database: store.writer, ...policies, oldestMs, log: log.child("visits") });
    const onFound = (): void => this.#builder.kick();
    this.#tracing = new TraceDesk({ store, rules: parts.rules, now, settle: () => this.settle() });
    const windowOf = (file: CaseFile): InfectiousWindow => this.#tracing.windowOf(file);
    const wiring = { store, crypto, now, keys, persons, policies, log, onFound, windowOf };
    const { box, seeker, ...radio } = wireRadio(wiring);
    this.radio = radio.radio;
    this.tokens = radio.tokens;
    this.publisher = radio.publisher;
    this.vault = new VaultDesk({ store, crypto, now, trace: (caseId, options) => this.trace(caseId, options) });
    this.facilities = new FacilityDesk({ store, lists: parts.checkLists, now });
    this.#seeker = seeker;
    const onStored = (isRadio: boolean): void => {
      this.#builder.kick();
      if (isRadio) seeker.kick();
    };
    const certificates = new DeviceCertificates(crypto, keys.root.certificatePem);
    this.#ingest = createIngest(parts, { persons, certificates, box, onStored });
    this.#siteKeys = new SiteKeyDesk({ store, crypto, keys, certificates, revoked, now });
    const probe = new WriteProbe(store.writer, now);
    this.#api = buildApi({
      ingest: (batches) => this.ingest(batches),
      revoked,
      radio: this.radio,
      publisher: this.publisher,
      facilities: this.facilities,
      orders: this.#orders,
      siteKeys: this.#siteKeys,
      tls,
      trustedProxies: config.listen.trustedProxies,
      probe: () => probe.prove(),
      log: log.child("http"),
    });
  }

  ingest(batches: readonly Uint8Array[]): Promise<BatchSetAnswer> {
    return this.#ingest.ingest(batches);
  }

  takeRevocations(list: Uint8Array): Promise<RevocationVerdict> {
    return this.#revoked.take(list);
  }

  orderRevocation(site: SiteId, device: DeviceId, reason: RevocationReason): Promise<void> {
    return this.#orders.add(site, device, reason);
  }

  revocationOrders(site: SiteId): Promise<Uint8Array | null> {
    return this.#orders.listFor(site);
  }

  siteKey(request: Uint8Array): Promise<SiteKeyAnswer> {
    return this.#siteKeys.answer(request);
  }

  personOf(document: MatchContent): PersonKey {
    return this.#persons.keyOf(document);
  }

  addCase({ documents = [], persons = [], ...dates }: CaseReport): Promise<CaseFile> {
    const all = [...persons, ...documents.map((document) => this.personOf(document))];
    const make = { crypto: this.#deps.crypto, nowMs: this.#deps.now() };
    return this.#store.writer.transaction((sql) => addCase(sql, { ...dates, persons: all }, make));
  }

  listCases(): Promise<readonly CaseFile[]> {
    return listCases(this.#store.reader);
  }

  findCase(id: string): Promise<CaseFile> {
    return findCase(this.#store.reader, id);
  }

  trace(caseId: string, options: { readonly daysBefore?: number } = {}): Promise<Trace> {
    return this.#tracing.trace(caseId, this.radio, options.daysBefore);
  }

  async windowOf(caseId: string): Promise<InfectiousWindow> {
    return this.#tracing.windowOf(await this.findCase(caseId));
  }

  noteTold(telling: Telling): Promise<void> {
    return this.#tracing.noteTold(telling);
  }

  async publishCase(caseId: string): Promise<CasePublication> {
    const { visits, heard } = await this.trace(caseId);
    const places = [...visits, ...heard].flatMap(({ venue, from, to }) =>
      from === null || to === null ? [] : [{ venue, from, to }],
    );
    return this.publisher.publishCase(caseId, places);
  }

  visits(persons: readonly PersonKey[]): Promise<readonly Contact[]> {
    return this.#tracing.visits(persons);
  }

  async putVenue(venue: Venue): Promise<void> {
    await this.#store.writer.transaction((sql) => putVenue(sql, this.#stays, venue));
    this.#builder.kick();
  }

  listVenues(): Promise<readonly Venue[]> {
    return listVenues(this.#store.reader);
  }

  stats(): Promise<EngineStats> {
    return readStats(this.#store.reader);
  }

  probe(): Promise<void> {
    return this.#store.writer.probe();
  }

  async settle(): Promise<void> {
    await this.#seeker.settle();
    await this.#builder.settle();
  }

  /** Oldest instant within retention. */
  #oldestMs(): WallMs {
    const { config, now } = this.#deps;
    return (now() - config.retentionDays * DAY_MS) as WallMs;
  }

  async prune(): Promise<Pruned> {
    const beforeMs = this.#oldestMs();
    const pruned = await pruneStore(this.#store.writer, { beforeMs, stays: this.#stays });
    await this.radio.prune(beforeMs);
    await this.publisher.prune(beforeMs);
    await this.#store.wipe();
    this.#builder.kick();
    this.#seeker.kick(); // what a crash interrupted
    return pruned;
  }

  async erase(person: PersonKey): Promise<number> {
    const rows = await this.#store.writer.transaction((sql) => erasePerson(sql, person, this.#deps.now()));
    this.radio.forgetIndex();
    await this.#store.wipe();
    return rows;
  }

  async listen(): Promise<{ readonly url: string }> {
    const { host, port } = this.#deps.config.listen;
    return { url: await this.#api.listen({ host, port }) };
  }

  async renewTls(): Promise<void> {
    const nowMs = this.#deps.now();
    if (!this.#tls || !isTlsDue(this.#tls, nowMs)) return;
    this.#tls = await createEngineTls(this.keys.root, nowMs);
    useTls(this.#api, this.#tls);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    await this.#api.close();
    await this.#ingest.idle();
    await this.#seeker.stop();
    await this.#builder.stop();
    await this.#store.close();
  }
}
