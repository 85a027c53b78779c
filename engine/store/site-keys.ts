import type { SiteKey } from "../../protocol/checkin/site-key.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";

/** A site's key, and how many of its kiosks had been revoked when it was made. */
export interface KeptSiteKey extends SiteKey {
  readonly revoked: number;
}

interface SiteKeyRow {
  readonly generation: number;
  readonly site_day: number;
  readonly revoked: number;
  readonly box: Uint8Array;
}

/** The key of a site; null before the first. @throws {BadSealError} PROTO_BAD_SEAL when the engine's secret is another one */
export async function findSiteKey(sql: Sql, box: SecretBox, site: SiteId): Promise<KeptSiteKey | null> {
  const row = await sql.get<SiteKeyRow>("SELECT generation, site_day, revoked, box FROM site_key WHERE site = ?", [
    site,
  ]);
  if (!row) return null;
  const { generation, site_day: siteDay, revoked } = row;
  return { generation, siteDay, revoked, key: box.open(new Uint8Array(row.box)) };
}

/** Writes a site's key over the one before. */
export async function putSiteKey(
  sql: Sql,
  box: SecretBox,
  { site, ...kept }: KeptSiteKey & { site: SiteId },
): Promise<void> {
  await sql.run(
    `INSERT INTO site_key (site, generation, site_day, revoked, box) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (site) DO UPDATE SET
       generation = excluded.generation, site_day = excluded.site_day, revoked = excluded.revoked, box = excluded.box`,
    [site, kept.generation, kept.siteDay, kept.revoked, box.seal(kept.key)],
  );
}
