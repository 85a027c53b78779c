import { toHex } from "../../protocol/bytes.ts";
import { type CheckinRecord, encodeRecord, type RecordOrigin } from "../../protocol/checkin/record.ts";
import type { SessionHeader } from "../../protocol/checkin/sealing.ts";
import type { Epoch } from "../../protocol/ids.ts";
import type { Append, LoggedRow } from "./checkin-log.ts";

/** Sealing sessions by id in hex: those that are on the disk or about to be, and of the latter the header by the seq of its first row. */
interface KnownSessions {
  readonly sessions: Map<string, SessionHeader>;
  readonly fresh: Map<number, SessionHeader>;
}

/** Gives a row its number and its sealed identity; a session that it is the first to use is noted in both maps. */
export function placeRow(
  { draft, tag, seal, numbering }: Append,
  { epoch, seq }: { readonly epoch: Epoch; readonly seq: number },
  { sessions, fresh }: KnownSessions,
): LoggedRow {
  const sealed = seal?.({ epoch, seq });
  const origin = numbering === undefined || numbering === epoch ? null : afterThe(draft.annuls, numbering);
  const record: CheckinRecord = {
    ...draft,
    seq,
    ...(sealed && { identity: sealed.identity }),
    ...(origin && { origin }),
  };
  if (sealed && !sessions.has(toHex(sealed.session.id))) {
    sessions.set(toHex(sealed.session.id), sealed.session);
    fresh.set(seq, sealed.session);
  }
  return { record, encoded: encodeRecord(record), tag };
}

/** A place that makes an annul count in an earlier epoch: there it may stand anywhere behind the row that it takes back. */
function afterThe(annuls: number | undefined, epoch: Epoch): RecordOrigin | null {
  return annuls === undefined ? null : { epoch, seq: annuls + 1 };
}
