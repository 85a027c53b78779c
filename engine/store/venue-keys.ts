import { DAY_MS } from "../../protocol/units.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { VenueNumber } from "../visits/visit.ts";
import { bytesFrom, hexOf } from "./bulk.ts";
import type { PlacedRow } from "./events.ts";

/** Adds the venue keys that these rows tell; their events must be stored. */
export async function insertVenueKeys(sql: Sql, rows: readonly PlacedRow[], box: SecretBox): Promise<void> {
  const told = rows.flatMap(({ place, row }) =>
    row.venueKey
      ? [[place.streamId, place.seq, hexOf(row.digest), hexOf(box.seal(row.venueKey)), hexOf(box.nameOf(row.venueKey))]]
      : [],
  );
  if (told.length === 0) return;
  await sql.run(
    `INSERT INTO venue_key (event_id, venue, sealed, name) SELECT e.id, e.venue, unhex(q.value->>3), unhex(q.value->>4) FROM json_each(?) q JOIN event e
       ON e.place_stream = q.value->>0 AND e.place_seq = q.value->>1 AND e.digest = unhex(q.value->>2)
     WHERE true ON CONFLICT DO NOTHING`,
    [JSON.stringify(told)],
  );
}

/** The venue one of whose kiosks told this key, or null. */
export async function venueOfKey(sql: Sql, box: SecretBox, key: Uint8Array): Promise<VenueNumber | null> {
  const row = await sql.get<{ venue: number }>("SELECT venue FROM venue_key WHERE name = ? LIMIT 1", [box.nameOf(key)]);
  return row?.venue ?? null;
}

/** A kiosk with a trusted clock takes a new key each day; one that was off at the turnover takes it late. */
const LONGEST_MS = 2 * DAY_MS;

/** Every key that a kiosk of the venue may have gone by in the window, each once; a key is good from its row to the device's next. */
export async function venueKeysIn(
  sql: Sql,
  box: SecretBox,
  asked: { readonly venue: VenueNumber; readonly from: number; readonly to: number },
): Promise<readonly Uint8Array[]> {
  const rows = await sql.all<{ device_id: number; earliest: number; latest: number; sealed: Uint8Array }>(
    `SELECT e.device_id, e.earliest, e.latest, k.sealed FROM venue_key k JOIN event e ON e.id = k.event_id
     WHERE k.venue = ? AND e.unknown = 0 ORDER BY e.device_id, e.earliest, e.id`,
    [asked.venue],
  );
  const keys = new Map<string, Uint8Array>();
  for (const [at, row] of rows.entries()) {
    const next = rows[at + 1];
    const until = Math.min(next?.device_id === row.device_id ? next.latest : Infinity, row.latest + LONGEST_MS);
    if (row.earliest > asked.to || until < asked.from) continue;
    const key = box.open(bytesFrom(row.sealed));
    keys.set(hexOf(key), key);
  }
  return [...keys.values()];
}
