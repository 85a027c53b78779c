import { X509Certificate } from "node:crypto";
import { bigEndian, concatBytes, equalBytes, fromBase64Url } from "../../protocol/bytes.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import {
  decodeRenewal,
  NONCE_LIFETIME_MS,
  RENEW_NONCE_BYTES,
  type RenewAnswer,
  type RenewRefusal,
  type RenewRequest,
} from "../../protocol/http/renewal.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { certifyKey, deviceName } from "../../runtime/pki/authority.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import type { RegisteredDevice, SiteRegistry } from "../registry/site-registry.ts";

export interface RenewalDeps {
  readonly crypto: CryptoPort;
  readonly identity: GatewayIdentity;
  readonly registry: Pick<SiteRegistry, "find" | "renewed">;
  readonly now: () => WallMs;
}

/** What became of a request for renewal. */
export type RenewOutcome =
  | { readonly kind: "renewed"; readonly device: DeviceId; readonly answer: RenewAnswer }
  | { readonly kind: "refused"; readonly reason: RenewRefusal };

const STAMP_BYTES = 6;

/**
 * Gives devices new certificates for the key that they enrolled with, before or after the old one ran out: what counts is a signature
 * over a fresh nonce, and that the device was not revoked.
 *
 * Nonces are not kept: each carries the time it was made and a mark of this process, so that no flood of askers costs memory. One
 * that is signed twice within its time yields two certificates for the same key and the same name, which harms nobody.
 */
export class Renewal {
  readonly #deps: RenewalDeps;
  readonly #secret: Uint8Array;

  constructor(deps: RenewalDeps) {
    this.#deps = deps;
    this.#secret = deps.crypto.randomBytes(32);
  }

  /** A nonce to sign. */
  nonce(): Uint8Array {
    return this.#marked(bigEndian(this.#deps.now(), STAMP_BYTES));
  }

  /** @throws {StoreError} RT_STORE_FAILED when the registry cannot be read or written */
  async renew(request: RenewRequest): Promise<RenewOutcome> {
    const { identity, registry, now } = this.#deps;
    const asked = await this.#verify(request);
    if ("reason" in asked) return { kind: "refused", reason: asked.reason };
    const { device, publicKey } = asked;
    const nowMs = now();
    const name = deviceName(identity.site, device);
    const certificate = await certifyKey(identity.authority, { name, role: "client", nowMs, publicKey });
    await registry.renewed(device, new X509Certificate(certificate).fingerprint256);
    const answer = { certificate: chainPem(certificate, identity.authority.certificatePem) };
    return { kind: "renewed", device, answer };
  }

  async #verify(
    request: RenewRequest,
  ): Promise<{ readonly reason: RenewRefusal } | { readonly device: DeviceId; readonly publicKey: Uint8Array }> {
    const { identity, registry } = this.#deps;
    try {
      const message = parseCose1(fromBase64Url(request.proof));
      const { site, device, nonce } = decodeRenewal(message.payload);
      const known: RegisteredDevice | null = site === identity.site ? await registry.find(device) : null;
      if (!known?.publicKey) return { reason: "renew_unknown" };
      const isSigned = await verifyCose1(message, await importVerifyKey(known.publicKey)).then(() => true, unsigned);
      if (!isSigned) return { reason: "renew_forged" };
      if (known.revokedAt !== null) return { reason: "renew_revoked" };
      return this.#isFresh(nonce) ? { device, publicKey: known.publicKey } : { reason: "renew_nonce" };
    } catch (fault) {
      if (fault instanceof BluepostError && fault.code.startsWith("PROTO_")) return { reason: "renew_malformed" };
      throw fault;
    }
  }

  #isFresh(nonce: Uint8Array): boolean {
    const stamp = nonce.subarray(0, STAMP_BYTES);
    if (!equalBytes(nonce, this.#marked(stamp))) return false;
    const madeMs = stamp.reduce((sum, byte) => sum * 256 + byte, 0);
    return Math.abs(this.#deps.now() - madeMs) <= NONCE_LIFETIME_MS;
  }

  #marked(stamp: Uint8Array): Uint8Array {
    const mark = this.#deps.crypto.hmacSha256(this.#secret, stamp);
    return concatBytes(stamp, mark.subarray(0, RENEW_NONCE_BYTES - STAMP_BYTES));
  }
}

function unsigned(fault: unknown): false {
  if (fault instanceof BluepostError) return false;
  throw fault;
}
