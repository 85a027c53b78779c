import { X509Certificate } from "node:crypto";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import {
  type AuthorityAnswer,
  type ClaimRefusal,
  deviceNameOf,
  type EnrolAnswer,
  type EnrolRequest,
} from "../../protocol/http/enrolment.ts";
import type { WallMs } from "../../protocol/units.ts";
import { certifyKey, deviceName } from "../../runtime/pki/authority.ts";
import { requestedKey } from "../../runtime/pki/request.ts";
import type { Claim, ClaimBook } from "../registry/claim-book.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { authorityPin, tokenHash } from "./setup-codes.ts";

/** Ports that a kiosk is told of. */
export interface GatewayPorts {
  /** MQTT over TLS. */
  readonly mqtt: number;
  /** Plain HTTP: authority and time. */
  readonly http: number;
  /** HTTPS: enrolment and renewal. */
  readonly enrol: number;
}

export interface EnrolmentDeps {
  readonly crypto: CryptoPort;
  readonly identity: GatewayIdentity;
  readonly claims: ClaimBook;
  readonly ports: () => GatewayPorts;
  readonly now: () => WallMs;
}

/** What became of an attempt to enrol. */
export type EnrolOutcome =
  | { readonly kind: "enrolled"; readonly answer: EnrolAnswer }
  | { readonly kind: "refused"; readonly reason: ClaimRefusal };

/** Turns a setup code's token and a certificate request into a device of this site. */
export class Enrolment {
  readonly #deps: EnrolmentDeps;

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
  }

  /** Who this gateway is, for a kiosk that holds the pin. */
  authority(): AuthorityAnswer {
    const { identity, ports } = this.#deps;
    return {
      v: 1,
      site: identity.site,
      root: identity.trust.root,
      authority: identity.authority.certificatePem,
      gateway: identity.gateway.certificatePem,
      enrolPort: ports().enrol,
    };
  }

  /** @throws {StoreError} RT_STORE_FAILED when the registry cannot be written */
  async enrol(request: EnrolRequest): Promise<EnrolOutcome> {
    const { crypto, identity, claims, now } = this.#deps;
    const hash = tokenHash(crypto, request.token);
    const claim = await claims.find(hash);
    const mismatch = this.#mismatch(request, claim);
    if (mismatch !== null || !claim) return { kind: "refused", reason: mismatch ?? "claim_unknown" };
    const publicKey = await requestedKey(request.csr).catch(malformed);
    if (!publicKey) return { kind: "refused", reason: "claim_malformed" };
    const nowMs = now();
    const device = claim.device ?? deviceNameOf(crypto, publicKey);
    const certificate = await certifyKey(identity.authority, {
      name: deviceName(identity.site, device),
      role: "client",
      nowMs,
      publicKey,
    });
    const { fingerprint256: fingerprint } = new X509Certificate(certificate);
    const refusal = await claims.redeem(hash, { device, publicKey, fingerprint }, nowMs);
    if (refusal !== null) return { kind: "refused", reason: refusal };
    return { kind: "enrolled", answer: this.#answer({ ...claim, device }, certificate) };
  }

  #mismatch(request: EnrolRequest, claim: Claim | null): ClaimRefusal | null {
    const { crypto, identity } = this.#deps;
    const isOurs = request.site === identity.site && request.authority === authorityPin(crypto, identity);
    if (!claim) return isOurs ? "claim_unknown" : "claim_foreign";
    return isOurs && request.venue === claim.venue ? null : "claim_altered";
  }

  #answer(claim: Claim & { readonly device: string }, certificate: string): EnrolAnswer {
    const { identity, ports } = this.#deps;
    const { device, venue, venueName, gate, host } = claim;
    const { mqtt, http } = ports();
    return {
      settings: {
        site: identity.site,
        device,
        venue,
        venueName,
        gate,
        gatewayHost: host,
        gatewayPort: mqtt,
        gatewayHttpPort: http,
      },
      certificate: chainPem(certificate, identity.authority.certificatePem),
      trust: identity.trust,
    };
  }
}

function malformed(fault: unknown): null {
  if (fault instanceof BluepostError) return null;
  throw fault;
}
