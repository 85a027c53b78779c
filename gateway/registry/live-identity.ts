import { join } from "node:path";
import type { CoseKey } from "../../protocol/cose.ts";
import { RENEW_BEFORE_MS } from "../../protocol/http/renewal.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { readCertificate } from "../../runtime/certificate-reader.ts";
import { certifyKey, gatewayName, type Identity } from "../../runtime/pki/authority.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import type { GatewayIdentity } from "./identity.ts";
import { openIdentityFiles, writeSafely } from "./identity-files.ts";

/**
 * A gateway's identity whose certificate is renewed in time, also long after it ran out: the gateway holds its site's intermediate, so
 * it needs nobody for that. The key stays, since kiosks have pinned it; whoever reads `gateway` or `trust` late gets the new one.
 */
export class LiveIdentity implements GatewayIdentity {
  readonly #folder: string;
  readonly #isClockSure: () => boolean;
  #identity: GatewayIdentity;
  /** The certificate, PEM, if a clock of this process ever said that its time had begun. */
  #begun = "";

  private constructor(folder: string, identity: GatewayIdentity, isClockSure: () => boolean) {
    this.#folder = folder;
    this.#identity = identity;
    this.#isClockSure = isClockSure;
  }

  /**
   * Opens the files in `folder`, and renews at once what is due.
   *
   * @param options.isClockSure whether something keeps this machine's clock right; default: nothing does
   * @throws {SiteBundleError} GW_SITE_BUNDLE
   */
  static async open(
    folder: string,
    options: Parameters<typeof openIdentityFiles>[1] & { readonly isClockSure?: () => boolean },
  ): Promise<LiveIdentity> {
    const { isClockSure = (): boolean => false } = options;
    const identity = new LiveIdentity(folder, await openIdentityFiles(folder, options), isClockSure);
    await identity.renewIfDue(options.nowMs);
    return identity;
  }

  /** Opens the files of a folder that another process renews; {@link reload} reads them again. @throws {SiteBundleError} GW_SITE_BUNDLE */
  static async follow(folder: string, nowMs: WallMs): Promise<LiveIdentity> {
    return new LiveIdentity(folder, await openIdentityFiles(folder, { nowMs }), () => false); // it renews nothing
  }

  /** Reads what the first worker has renewed meanwhile. @throws {SiteBundleError} GW_SITE_BUNDLE */
  async reload(nowMs: WallMs): Promise<void> {
    this.#identity = await openIdentityFiles(this.#folder, { nowMs });
  }

  get site(): SiteId {
    return this.#identity.site;
  }
  get authority(): Identity {
    return this.#identity.authority;
  }
  get earlierAuthorities(): readonly string[] {
    return this.#identity.earlierAuthorities;
  }
  get gateway(): Identity {
    return this.#identity.gateway;
  }
  get trust(): Trust {
    return this.#identity.trust;
  }
  get signingKey(): CoseKey {
    return this.#identity.signingKey;
  }
  get receiptKey(): CoseKey {
    return this.#identity.receiptKey;
  }

  /** No clock is right that says it is earlier: the site's intermediate was made then. */
  get earliestMs(): number {
    return readCertificate(this.authority.certificatePem).notBeforeMs;
  }

  /**
   * Makes a new certificate for the same key when 30 days or less are left of the old one, or when a clock that was ahead made it.
   *
   * @returns whether there is a new one
   */
  async renewIfDue(nowMs: WallMs): Promise<boolean> {
    const { gateway, authority, site, trust } = this.#identity;
    if (!this.#isDue(gateway.certificatePem, nowMs)) return false;
    const { publicKey } = rawKeyPair(gateway.privateKeyPem);
    const name = gatewayName(site);
    const certificatePem = await certifyKey(authority, { name, role: "server", nowMs, publicKey });
    await writeSafely(join(this.#folder, "gateway.crt.pem"), certificatePem);
    const renewed = { ...gateway, certificatePem };
    this.#identity = { ...this.#identity, gateway: renewed, trust: { ...trust, gateway: certificatePem } };
    this.#begun = certificatePem;
    return true;
  }

  /**
   * Before a certificate's time has begun, either it or the clock is wrong. A clock that starts so is not believed, or a good file would
   * be replaced for the seconds until a time server answers; one that is kept right is, and one that was set back while this process ran.
   */
  #isDue(certificatePem: string, nowMs: number): boolean {
    if (nowMs < this.earliestMs) return false;
    const { notBeforeMs, notAfterMs } = readCertificate(certificatePem);
    if (nowMs < notBeforeMs) return this.#isClockSure() || certificatePem === this.#begun;
    this.#begun = certificatePem;
    return notAfterMs - nowMs <= RENEW_BEFORE_MS;
  }
}
