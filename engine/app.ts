import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createEngineTls } from "./api/gateway-tls.ts";
import type { Engine, EngineDeps } from "./engine.ts";
import { loadCheckLists } from "./facilities/load-lists.ts";
import { ReceiptSigner } from "./ingest/receipts.ts";
import { RevokedDevices } from "./ingest/revoked-devices.ts";
import { loadOrCreateEngineKeys } from "./keys/engine-keys.ts";
import { ReferenceEngine } from "./reference-engine.ts";
import { loadRulePacks } from "./rules/load-packs.ts";
import { openStore } from "./store/open-store.ts";
import { parseStays, type Stays } from "./visits/venue-policy.ts";

export type { CaseFile, InfectiousWindow } from "./cases/cases.ts";
export { type EngineConfig, loadEngineConfig } from "./config.ts";
export type { CaseReport, Engine, EngineDeps, Trace } from "./engine.ts";
export type { CheckList } from "./facilities/check-list.ts";
export type { FacilityDesk, ShownFacility } from "./facilities/facility-desk.ts";
export { loadCheckLists } from "./facilities/load-lists.ts";
export { CARD_DAYS, type CardKind, type IssuedCard, issueCards } from "./keys/cards.ts";
export { createEngineKeys, type EngineKeys, loadEngineKeys, loadOrCreateEngineKeys } from "./keys/engine-keys.ts";
export { createSiteBundle, issueSiteBundle, type SiteBundle } from "./keys/site-bundle.ts";
export type { Contact, ContactPerson } from "./match/contact.ts";
export type { HeardVisit, TokenContact } from "./match/radio-evidence.ts";
export type { CasePublication, Publisher } from "./publish/publisher.ts";
export type { RadioDesk, UploadOutcome } from "./radio/radio-desk.ts";
export type { IssuedToken, TokenDesk } from "./radio/token-desk.ts";
export { FACTS, type Fact } from "./rules/facts.ts";
export type { Missing, Verdict } from "./rules/judge.ts";
export type { JudgedPerson } from "./rules/judge-trace.ts";
export { loadRulePacks } from "./rules/load-packs.ts";
export type { RulePack } from "./rules/rule-pack.ts";
export type { EngineStats } from "./store/stats.ts";
export type { Venue } from "./store/venues.ts";
export type { Opening, OpeningsAudit, ReachablePerson, VaultDesk } from "./vault/vault-desk.ts";

/** Reads the table of stays that comes with the product. */
export async function loadStays(): Promise<Stays> {
  return parseStays(await readFile(join(import.meta.dirname, "visits/default-stays.json"), "utf8"));
}

/** Opens an engine on `config.dataDir`; at first start its keys and its database are made there. */
export async function createEngine(deps: EngineDeps): Promise<Engine> {
  const { config, crypto, now } = deps;
  const stays = await loadStays();
  const rules = await loadRulePacks();
  const checkLists = await loadCheckLists();
  const keys = await loadOrCreateEngineKeys(config.dataDir, { crypto, nowMs: now() }); // first: a database never stands without its keys
  const store = await openStore(config.dataDir, config.store.synchronous);
  try {
    const signer = await ReceiptSigner.open(crypto, keys.receipt);
    const rootPem = keys.root.certificatePem;
    const revoked = await RevokedDevices.open({ store, rootPem, now, log: deps.log.child("revocations") });
    const tls = config.listen.tls ? await createEngineTls(keys.root, now()) : null;
    return new ReferenceEngine({ deps, stays, rules, checkLists, store, keys, signer, revoked, tls });
  } catch (fault) {
    await store.close();
    throw fault;
  }
}
