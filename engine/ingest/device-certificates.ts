import { type CoseKey, importVerifyKey } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { type DeviceIdentity, ForeignCertificateError, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import { hexOf } from "../store/bulk.ts";

/** A device whose certificate leads to our root, with its key ready for use. */
export interface KnownDevice {
  readonly identity: DeviceIdentity;
  readonly key: CoseKey;
}

const MAX_KNOWN = 4_096;

/** Verifies certificate chains and remembers the last ones by the hash of their bytes. */
export class DeviceCertificates {
  readonly #crypto: CryptoPort;
  readonly #rootPem: string;
  readonly #known = new Map<string, KnownDevice>();

  constructor(crypto: CryptoPort, rootPem: string) {
    this.#crypto = crypto;
    this.#rootPem = rootPem;
  }

  /** @throws {ForeignCertificateError} RT_FOREIGN_CERTIFICATE when the chain does not lead to our root */
  async identify(chain: readonly Uint8Array[]): Promise<KnownDevice> {
    const name = chain.map((certificate) => hexOf(this.#crypto.sha256(certificate))).join();
    const known = this.#known.get(name);
    if (known) return known;
    const identity = this.#verify(chain);
    const device = { identity, key: await importVerifyKey(identity.publicKey) };
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(name, device);
    return device;
  }

  /** OpenSSL's own faults on strange keys and algorithms mean the same as a chain that does not hold. */
  #verify(chain: readonly Uint8Array[]): DeviceIdentity {
    try {
      return verifyDeviceChain(chain, this.#rootPem);
    } catch (cause) {
      throw new ForeignCertificateError("the device's certificate chain does not hold", {}, { cause });
    }
  }
}
