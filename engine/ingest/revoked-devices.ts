import { X509Certificate } from "node:crypto";
import type { Batch } from "../../protocol/checkin/batch.ts";
import { decodeRevocations, listNumber, type RevocationList } from "../../protocol/checkin/revocations.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { Logger } from "../../runtime/log.ts";
import { GATEWAY_LABEL } from "../../runtime/pki/authority.ts";
import { verifyDeviceChain } from "../../runtime/pki/chain.ts";
import type { EngineStore } from "../store/open-store.ts";

export interface RevokedDevicesDeps {
  readonly store: EngineStore;
  readonly rootPem: string;
  readonly now: () => WallMs;
  readonly log: Logger;
}

/**
 * What became of a list. `known`: the one that is here; sending it again does no harm. `behind`: it does not go on from the one that is
 * here, `held`, because its gateway lost its own; nothing changed.
 */
export type RevocationVerdict =
  | { readonly kind: "taken" | "known"; readonly number: number }
  | { readonly kind: "behind"; readonly number: number; readonly held: Uint8Array }
  | { readonly kind: "refused"; readonly reason: "malformed" | "foreign_certificate" | "bad_signature" | "wrong_site" };

interface HeldList extends RevocationList {
  /** As its gateway signed it. */
  readonly bytes: Uint8Array;
}

/** Extended key usage of a TLS server: of all leaves of a site, only its gateway's has it. Source: RFC 5280, section 4.2.1.12. */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/**
 * The revocation lists of all sites. A revoked device's rows count as far as its gateway had taken them when it was revoked: no clock
 * of the device is asked, since a thief sets it as he likes.
 */
export class RevokedDevices {
  readonly #deps: RevokedDevicesDeps;
  readonly #lists = new Map<SiteId, HeldList>();

  private constructor(deps: RevokedDevicesDeps) {
    this.#deps = deps;
  }

  /** Reads what is stored. @throws {StoreError} RT_STORE_FAILED */
  static async open(deps: RevokedDevicesDeps): Promise<RevokedDevices> {
    const devices = new RevokedDevices(deps);
    for (const { bytes } of await deps.store.reader.all<{ bytes: Uint8Array }>("SELECT bytes FROM revocation_list")) {
      const held = new Uint8Array(bytes);
      const list = decodeRevocations(parseCose1(held).payload);
      devices.#lists.set(list.site, { ...list, bytes: held });
    }
    return devices;
  }

  /** Whether a batch was signed by a revoked device after its gateway had stopped to take its rows. */
  refuses(batch: Pick<Batch, "site" | "device" | "epoch" | "stream" | "to">): boolean {
    const entry = this.#lists.get(batch.site)?.entries.find(({ device }) => device === batch.device);
    if (!entry) return false;
    const mark = entry.marks.find(({ epoch, stream }) => epoch === batch.epoch && stream === batch.stream);
    return !mark || batch.to > mark.upto;
  }

  /** Whether a device stands in its site's list. */
  has(site: SiteId, device: DeviceId): boolean {
    return this.#lists.get(site)?.entries.some((entry) => entry.device === device) ?? false;
  }

  /** How many devices a site's list names; it never shrinks. */
  countOf(site: SiteId): number {
    return this.#lists.get(site)?.entries.length ?? 0;
  }

  /** Takes a gateway's signed list. Never throws for what a sender can do wrong. @throws {StoreError} RT_STORE_FAILED */
  async take(bytes: Uint8Array): Promise<RevocationVerdict> {
    const { store, now, log } = this.#deps;
    const read = await this.#read(bytes);
    if ("kind" in read) {
      log.warn("revocations.refused", { reason: read.reason });
      return read;
    }
    const [number, old] = [listNumber(read), this.#lists.get(read.site)];
    if (old && !(number > listNumber(old) && names(read, old))) {
      const held = listNumber(old);
      if (number === held && names(read, old) && names(old, read)) return { kind: "known", number };
      log.warn("revocations.behind", { site: read.site, number, held });
      return { kind: "behind", number: held, held: old.bytes };
    }
    await store.writer.transaction((sql) =>
      sql.run(
        `INSERT INTO revocation_list (site, number, received_at, bytes) VALUES (?, ?, ?, ?)
         ON CONFLICT (site) DO UPDATE SET number = excluded.number, received_at = excluded.received_at, bytes = excluded.bytes`,
        [read.site, number, now(), bytes],
      ),
    );
    this.#lists.set(read.site, { ...read, bytes });
    log.info("revocations.taken", { site: read.site, number });
    return { kind: "taken", number };
  }

  async #read(bytes: Uint8Array): Promise<RevocationList | (RevocationVerdict & { readonly kind: "refused" })> {
    let reason: "malformed" | "foreign_certificate" | "bad_signature" = "malformed";
    try {
      const message = parseCose1(bytes);
      reason = "foreign_certificate";
      const { site, device, publicKey } = verifyDeviceChain(message.x5chain, this.#deps.rootPem);
      if (device !== GATEWAY_LABEL || !isServer(message.x5chain[0])) return { kind: "refused", reason };
      reason = "bad_signature";
      await verifyCose1(message, await importVerifyKey(publicKey));
      reason = "malformed";
      const list = decodeRevocations(message.payload);
      return list.site === site ? list : { kind: "refused", reason: "wrong_site" };
    } catch (fault) {
      if (fault instanceof BluepostError) return { kind: "refused", reason };
      throw fault;
    }
  }
}

function isServer(der: Uint8Array | undefined): boolean {
  return der !== undefined && (new X509Certificate(der).keyUsage ?? []).includes(SERVER_AUTH);
}

/** Whether a list names every device of another. */
function names(list: RevocationList, other: RevocationList): boolean {
  const devices = new Set(list.entries.map(({ device }) => device));
  return other.entries.every(({ device }) => devices.has(device));
}
