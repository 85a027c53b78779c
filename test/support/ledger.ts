import type { Append, RecordDraft } from "../../kiosk/ledger/checkin-log.ts";
import { type LedgerOptions, openLedger } from "../../kiosk/ledger/open-ledger.ts";
import type { SqliteCheckinLog } from "../../kiosk/ledger/sqlite-checkin-log.ts";
import { createSealingKeyPair, SealingSession } from "../../protocol/checkin/sealing.ts";
import {
  type BootId,
  parseBootId,
  parseDeviceId,
  parseSiteId,
  parseVenueId,
  type VisitorTag,
} from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";

export const testBoot: BootId = parseBootId("0a0b0c0d");

/** A plain entrance by nobody in particular. */
export function draft(change: Partial<RecordDraft> = {}): RecordDraft {
  return {
    kind: "in",
    venue: parseVenueId("7k3m9q2x"),
    gate: 1,
    boot: testBoot,
    boottimeMs: 1_000 as BoottimeMs,
    wallMs: 1_790_000_000_000 as WallMs,
    clock: "ntp",
    uncertaintyMs: 50,
    scheme: "cccd",
    party: 0,
    evidence: "document",
    ...change,
  };
}

/** Options of a ledger in `folder`, for device `door-a` of site `school-1`. */
export function ledgerOptions(folder: string, change: Partial<LedgerOptions> = {}): LedgerOptions {
  return {
    folder,
    crypto: nodeCrypto,
    site: parseSiteId("school-1"),
    device: parseDeviceId("door-a"),
    home: { socSerial: "100", cardCid: "200" },
    log: silentLogger,
    ...change,
  };
}

/** Opens a ledger in `folder`. */
export function openTestLedger(folder: string, change: Partial<LedgerOptions> = {}): Promise<SqliteCheckinLog> {
  return openLedger(ledgerOptions(folder, change));
}

/** Makes sealed appends for `door-a`: `next(id)` is a check-in by that made-up document. */
export async function sealedAppends(): Promise<{
  next: (log: SqliteCheckinLog, id: string, change?: Partial<RecordDraft>) => Append;
  ready: () => Promise<void>;
  matchKey: Uint8Array;
}> {
  const match = await createSealingKeyPair();
  const vault = await createSealingKeyPair();
  let session = await SealingSession.open(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
  /** Call it before a hundred rows are sealed (twice, when the disk is full); a session has 256. */
  const ready = async (): Promise<void> => {
    if (session.remaining >= 220) return;
    session = await SealingSession.open(nodeCrypto, { match: match.publicKey, vault: vault.publicKey });
  };
  return {
    matchKey: match.privateKey,
    ready,
    next: (log, id, change = {}) => {
      const row = draft(change);
      return {
        draft: row,
        tag: id.padStart(32, "0").slice(0, 32) as VisitorTag,
        seal: ({ epoch, seq }) => ({
          identity: session.seal({ ...log.key, epoch, seq, kind: row.kind }, { scheme: "cccd", id }, { name: "AN" }),
          session: session.header,
        }),
      };
    },
  };
}
