import { decodeBatch } from "../../../protocol/checkin/batch.ts";
import { type CoseKey, importVerifyKey, parseCose1, verifyCose1 } from "../../../protocol/cose.ts";
import { BluepostError } from "../../../protocol/errors.ts";
import type { DeviceId, SiteId } from "../../../protocol/ids.ts";
import { verifyDeviceChain } from "../../../runtime/pki/chain.ts";

/** Certificates of this many devices are remembered; more than a site has. */
const MAX_KNOWN = 4_096;

interface KnownSigner {
  readonly device: DeviceId;
  readonly site: SiteId;
  readonly key: CoseKey;
}

/**
 * Proves that a batch is by the device on whose topic it came. At an external broker nothing else does: TLS ends there, and whoever
 * the operator's access rules let in could spoil a kiosk's chain with a batch of his own.
 */
export class BatchProof {
  readonly #site: SiteId;
  readonly #root: string;
  readonly #known = new Map<string, KnownSigner>();

  /** @param root PEM of the authority's root */
  constructor(site: SiteId, root: string) {
    this.#site = site;
    this.#root = root;
  }

  /** @returns whether `message` is a batch of this device, signed by a key that this site's authority certified */
  async isBy(device: DeviceId, message: Uint8Array): Promise<boolean> {
    try {
      const cose = parseCose1(message);
      const signer = await this.#signerOf(cose.x5chain);
      if (signer.device !== device || signer.site !== this.#site) return false;
      await verifyCose1(cose, signer.key);
      const batch = decodeBatch(cose.payload);
      return batch.device === device && batch.site === this.#site;
    } catch (fault) {
      if (fault instanceof BluepostError) return false;
      throw fault;
    }
  }

  async #signerOf(chain: readonly Uint8Array[]): Promise<KnownSigner> {
    const name = chain.map((certificate) => Buffer.from(certificate).toString("base64")).join(".");
    const known = this.#known.get(name);
    if (known) return known;
    const { device, site, publicKey } = verifyDeviceChain(chain, this.#root);
    const signer = { device, site, key: await importVerifyKey(publicKey) };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(name, signer);
    return signer;
  }
}
