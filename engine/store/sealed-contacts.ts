import { RECORD_KINDS, type RecordKind, type SealedIdentity } from "../../protocol/checkin/record.ts";
import type { SealPlace, SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { DeviceId, Epoch, PersonKey, Stream } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import { bytesFrom } from "./bulk.ts";

/** One vault envelope of a person, with all that opening it needs but the vault key. */
export interface SealedContact {
  readonly header: SessionHeader;
  readonly identity: SealedIdentity;
  readonly place: SealPlace;
  readonly storedMs: number;
}

interface SealedRow {
  readonly device: DeviceId;
  readonly epoch: Epoch;
  readonly stream: Stream;
  readonly seq: number;
  readonly kind: number;
  readonly session: Uint8Array;
  readonly vault_key_id: Uint8Array;
  readonly vault_enc: Uint8Array;
  readonly session_index: number;
  readonly vault: Uint8Array;
  readonly stored_at: number;
}

/** Envelopes that are looked at of one person: what a code says of him seldom changes within retention. */
const MOST_ENVELOPES = 50;
/** The half of a session for match envelopes is not kept, and not needed here. */
const NONE = new Uint8Array(0);

/** The vault envelopes of one person, the newest first. */
export async function sealedContacts(sql: Sql, person: PersonKey): Promise<readonly SealedContact[]> {
  const rows = await sql.all<SealedRow>(
    `SELECT d.device, s.epoch, s.stream, e.place_seq seq, e.kind, z.session, z.vault_key_id, z.vault_enc, e.session_index,
            e.vault, e.stored_at
     FROM event e JOIN stream s ON s.id = e.place_stream JOIN device d ON d.id = e.device_id
     JOIN sealing_session z ON z.id = e.session_id
     WHERE e.person = unhex(?) AND e.vault IS NOT NULL ORDER BY e.stored_at DESC, e.id DESC LIMIT ?`,
    [person, MOST_ENVELOPES],
  );
  return rows.map((row) => {
    const id = bytesFrom(row.session);
    const [vaultKeyId, vaultEnc] = [bytesFrom(row.vault_key_id), bytesFrom(row.vault_enc)];
    const { device, epoch, stream, seq, session_index: index } = row;
    return {
      header: { id, matchKeyId: NONE, matchEnc: NONE, vaultKeyId, vaultEnc },
      identity: { session: id, index, match: NONE, vault: bytesFrom(row.vault) },
      place: { device, epoch, stream, seq, kind: RECORD_KINDS[row.kind] as RecordKind },
      storedMs: row.stored_at,
    };
  });
}
