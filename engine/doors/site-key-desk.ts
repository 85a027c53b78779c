import {
  decodeSiteKeyRequest,
  encodeSealedSiteKey,
  type SiteKeyRequest,
  sealSiteKey,
} from "../../protocol/checkin/site-key.ts";
import { nextDayKey } from "../../protocol/checkin/visitor-tag.ts";
import { type CoseKey, importSigningKey, parseCose1, signCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { siteDay, type WallMs } from "../../protocol/units.ts";
import { GATEWAY_LABEL } from "../../runtime/pki/authority.ts";
import type { DeviceCertificates } from "../ingest/device-certificates.ts";
import type { RevokedDevices } from "../ingest/revoked-devices.ts";
import type { EngineKeys } from "../keys/engine-keys.ts";
import { SecretBox } from "../keys/secret-box.ts";
import type { EngineStore } from "../store/open-store.ts";
import { findSiteKey, type KeptSiteKey, putSiteKey } from "../store/site-keys.ts";

export interface SiteKeyDeskDeps {
  readonly store: EngineStore;
  readonly crypto: CryptoPort;
  readonly keys: Pick<EngineKeys, "receipt" | "secret">;
  readonly certificates: Pick<DeviceCertificates, "identify">;
  readonly revoked: Pick<RevokedDevices, "has" | "countOf">;
  readonly now: () => WallMs;
}

/** What became of a kiosk's question. */
export type SiteKeyAnswer =
  | { readonly kind: "answered"; readonly bytes: Uint8Array }
  | {
      readonly kind: "refused";
      readonly reason: "malformed" | "foreign_certificate" | "bad_signature" | "wrong_device" | "revoked";
    };

/** Key length and ratchet: DESIGN section 2. */
const KEY_BYTES = 32;

/**
 * Hands the doors of a site one key to know their visitors by, sealed to the kiosk that asks: the gateway that carries it cannot read
 * it. The key goes forward day by day as at the doors, so the engine too knows no day before today's. A kiosk that was revoked ends a
 * key: the next to ask gets another one, and the doors exchange it within a day.
 */
export class SiteKeyDesk {
  readonly #deps: SiteKeyDeskDeps;
  readonly #box: SecretBox;
  #signingKey: CoseKey | null = null;

  constructor(deps: SiteKeyDeskDeps) {
    this.#deps = deps;
    this.#box = new SecretBox(deps.crypto, deps.keys.secret, "site keys");
  }

  /** Answers one signed question. Never throws for what a sender can do wrong. @throws {StoreError} RT_STORE_FAILED */
  async answer(bytes: Uint8Array): Promise<SiteKeyAnswer> {
    const request = await this.#read(bytes);
    if ("kind" in request) return request;
    const kept = await this.#today(request.site);
    const sealed = await sealSiteKey(request, kept).catch((fault: unknown) => {
      if (fault instanceof BluepostError) return null; // what it sent is no public key
      throw fault;
    });
    if (!sealed) return { kind: "refused", reason: "malformed" };
    this.#signingKey ??= await importSigningKey(this.#deps.keys.receipt);
    return { kind: "answered", bytes: await signCose1(encodeSealedSiteKey(sealed), { key: this.#signingKey }) };
  }

  async #read(bytes: Uint8Array): Promise<SiteKeyRequest | (SiteKeyAnswer & { readonly kind: "refused" })> {
    const { certificates, revoked } = this.#deps;
    let reason: "malformed" | "foreign_certificate" | "bad_signature" = "malformed";
    try {
      const message = parseCose1(bytes);
      const request = decodeSiteKeyRequest(message.payload);
      reason = "foreign_certificate";
      const { identity, key } = await certificates.identify(message.x5chain);
      reason = "bad_signature";
      await verifyCose1(message, key);
      const isOwn = request.site === identity.site && request.device === identity.device;
      if (!isOwn || identity.device === GATEWAY_LABEL) return { kind: "refused", reason: "wrong_device" };
      return revoked.has(identity.site, identity.device) ? { kind: "refused", reason: "revoked" } : request;
    } catch (fault) {
      if (fault instanceof BluepostError) return { kind: "refused", reason };
      throw fault;
    }
  }

  /** The key of today: stepped on, made anew after a revocation, or made for the first time. */
  async #today(site: SiteId): Promise<KeptSiteKey> {
    const { store, crypto, revoked, now } = this.#deps;
    const today = siteDay(now());
    let hasChanged = false;
    const kept = await store.writer.transaction(async (sql) => {
      const known = await findSiteKey(sql, this.#box, site);
      const count = revoked.countOf(site);
      if (known && known.revoked === count && known.siteDay >= today) return known; // a clock that was put back takes no step back
      hasChanged = true;
      const next =
        known?.revoked === count
          ? { ...known, key: stepped(crypto, known.key, today - known.siteDay), siteDay: today }
          : {
              generation: (known?.generation ?? 0) + 1,
              siteDay: today,
              revoked: count,
              key: crypto.randomBytes(KEY_BYTES),
            };
      await putSiteKey(sql, this.#box, { site, ...next });
      return next;
    });
    if (hasChanged) await store.wipe(); // yesterday's key leaves the disk
    return kept;
  }
}

function stepped(crypto: CryptoPort, key: Uint8Array, steps: number): Uint8Array {
  let next = key;
  for (let step = 0; step < steps; step += 1) next = nextDayKey(crypto, next);
  return next;
}
