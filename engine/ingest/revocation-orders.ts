import { encodeRevocations, type Revocation, type RevocationReason } from "../../protocol/checkin/revocations.ts";
import { importSigningKey, signCose1 } from "../../protocol/cose.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import type { EngineKeys } from "../keys/engine-keys.ts";
import type { EngineStore } from "../store/open-store.ts";

export interface RevocationOrdersDeps {
  readonly store: EngineStore;
  readonly keys: Pick<EngineKeys, "receipt">;
  readonly now: () => WallMs;
}

/**
 * The authority's own word that a kiosk is to be revoked. Its gateway fetches the signed list, cuts the kiosk off, and its own list
 * then says how far the kiosk's rows count; until that comes back, they count on.
 */
export class RevocationOrders {
  readonly #deps: RevocationOrdersDeps;

  constructor(deps: RevocationOrdersDeps) {
    this.#deps = deps;
  }

  /** Enters an order; twice is once. @throws {StoreError} RT_STORE_FAILED */
  async add(site: SiteId, device: DeviceId, reason: RevocationReason): Promise<void> {
    const { store, now } = this.#deps;
    await store.writer.transaction((sql) =>
      sql.run(
        `INSERT INTO revocation_order (site, number, device, reason, at)
         SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM revocation_order WHERE site = ?1
         ON CONFLICT (site, device) DO NOTHING`,
        [site, device, reason, now()],
      ),
    );
  }

  /** The orders for one site, signed with the receipt key that its gateway knows; null when there are none. */
  async listFor(site: SiteId): Promise<Uint8Array | null> {
    const { store, keys, now } = this.#deps;
    const rows = await store.reader.all<Revocation>(
      "SELECT number, device, reason, at AS revokedAt FROM revocation_order WHERE site = ? ORDER BY number",
      [site],
    );
    if (rows.length === 0) return null;
    const entries = rows.map((row) => ({ ...row, marks: [] }));
    return signCose1(encodeRevocations({ site, issuedAt: now(), entries }), {
      key: await importSigningKey(keys.receipt),
    });
  }
}
