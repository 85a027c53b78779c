import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { VenueNumber } from "../visits/visit.ts";
import { bytesFrom } from "./bulk.ts";

/** Most posters of one venue. */
export const MAX_POSTERS = 16;

/** Keeps a poster's seed. @returns false when the venue has as many posters as it may */
export async function addPoster(
  sql: Sql,
  poster: { readonly venue: VenueNumber; readonly sealed: Uint8Array; readonly nowMs: number },
): Promise<boolean> {
  const added = await sql.run(
    `INSERT INTO poster (venue, sealed, made_at)
     SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM poster WHERE venue = ?1) < ?4`,
    [poster.venue, poster.sealed, poster.nowMs, MAX_POSTERS],
  );
  return added > 0;
}

/** Seeds of a venue's posters, 16 bytes each. */
export async function posterSeeds(sql: Sql, box: SecretBox, venue: VenueNumber): Promise<readonly Uint8Array[]> {
  const rows = await sql.all<{ sealed: Uint8Array }>("SELECT sealed FROM poster WHERE venue = ? ORDER BY id", [venue]);
  return rows.map(({ sealed }) => box.open(bytesFrom(sealed)));
}
