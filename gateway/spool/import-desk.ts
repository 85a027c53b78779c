import { decodeBatch } from "../../protocol/checkin/batch.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { type DeviceId, parseDeviceId } from "../../protocol/ids.ts";
import { verifyDeviceChain } from "../../runtime/pki/chain.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import { type Acceptance, BATCH_LEAVES, type BatchLeaf, type Sender } from "./spool.ts";
import type { SpoolInlet } from "./spool-inlet.ts";
import type { SpoolOutlet } from "./spool-outlet.ts";

/** What became of a batch that came by USB stick. */
export type ImportOutcome =
  | { readonly kind: Acceptance["kind"]; readonly device: DeviceId }
  | {
      readonly kind: "refused";
      readonly reason: "not_a_batch" | "foreign" | "bad_signature" | "unknown_device" | "revoked";
    };

export interface ImportDeskDeps {
  readonly identity: Pick<GatewayIdentity, "site" | "trust">;
  readonly registry: Pick<SiteRegistry, "find">;
  readonly inlet: Pick<SpoolInlet, "accept">;
}

/** The way in and out of the spool by USB stick. */
export interface Stick {
  /** @throws {StoreError} RT_STORE_FAILED when it could not be kept */
  take(body: Uint8Array): Promise<ImportOutcome>;
  /** The engine's last receipt of each stream of a device, to carry back. */
  receiptsOf(device: DeviceId): Promise<readonly Uint8Array[]>;
}

/** Puts both ways together. */
export function createStick(deps: ImportDeskDeps & { readonly outlet: Pick<SpoolOutlet, "receiptsOf"> }): Stick {
  const desk = new ImportDesk(deps);
  return { take: (body) => desk.take(body), receiptsOf: (device) => deps.outlet.receiptsOf(device) };
}

/**
 * Takes batches that did not come over a connection of their kiosk. There is no TLS session to say who sent them, so certificate chain
 * and signature are checked here; after that they are as any other, and what is here already stays once.
 */
class ImportDesk {
  readonly #deps: ImportDeskDeps;

  constructor(deps: ImportDeskDeps) {
    this.#deps = deps;
  }

  async take(body: Uint8Array): Promise<ImportOutcome> {
    const sender = await this.#senderOf(body);
    if ("reason" in sender) return { kind: "refused", reason: sender.reason };
    const known = await this.#deps.registry.find(sender.device);
    if (!known) return { kind: "refused", reason: "unknown_device" };
    if (known.revokedAt !== null) return { kind: "refused", reason: "revoked" };
    const acceptance = await this.#deps.inlet.accept(sender, body);
    return { kind: acceptance.kind, device: sender.device };
  }

  async #senderOf(
    body: Uint8Array,
  ): Promise<Sender | { readonly reason: "not_a_batch" | "foreign" | "bad_signature" }> {
    let step: "not_a_batch" | "foreign" | "bad_signature" = "not_a_batch";
    try {
      const message = parseCose1(body);
      const batch = decodeBatch(message.payload);
      const leaf = Object.entries(BATCH_LEAVES).find(([, stream]) => stream === batch.stream)?.[0] as BatchLeaf;
      step = "foreign";
      const signer = verifyDeviceChain(message.x5chain, this.#deps.identity.trust.root);
      if (signer.site !== this.#deps.identity.site || signer.device !== batch.device) return { reason: "foreign" };
      step = "bad_signature";
      await verifyCose1(message, await importVerifyKey(signer.publicKey));
      return { device: parseDeviceId(signer.device), leaf };
    } catch (fault) {
      if (!(fault instanceof BluepostError)) throw fault;
      return { reason: step };
    }
  }
}
