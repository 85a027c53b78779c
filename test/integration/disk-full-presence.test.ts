import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Append, StreamLog } from "../../kiosk/ledger/checkin-log.ts";
import { RoomKeeper } from "../../kiosk/ledger/room-keeper.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { draft, openTestLedger } from "../support/ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "bluepost-full-p-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", folder]).status === 0;

/** Rows of the size that real ones have. */
function rows(kind: "in" | "presence", count: number): Append[] {
  const session = { id: nodeCrypto.randomBytes(8), ...keys() };
  return Array.from({ length: count }, (_, index) => ({
    draft: draft({ kind }),
    tag: null,
    seal: () => ({
      identity: { session: session.id, index: index % 256, match: nodeCrypto.randomBytes(80), vault: null },
      session,
    }),
  }));
}

const keys = () => ({
  matchKeyId: new Uint8Array(8),
  matchEnc: new Uint8Array(32),
  vaultKeyId: new Uint8Array(8),
  vaultEnc: new Uint8Array(32),
});

async function all(log: StreamLog): Promise<CheckinRecord[]> {
  const found: CheckinRecord[] = [];
  for (let from = 1; ; ) {
    const part = await log.read(from, 500);
    if (part.length === 0) return found;
    found.push(...part.map(({ record }) => record));
    from = (found.at(-1)?.seq ?? 0) + 1;
  }
}

/** Seqs that neither a row nor a tombstone speaks of. */
function unnamed(found: readonly CheckinRecord[]): readonly number[] {
  const named = new Set(found.map(({ seq }) => seq));
  for (const { lost } of found) for (let seq = lost?.from ?? 1; seq <= (lost?.to ?? 0); seq += 1) named.add(seq);
  return Array.from({ length: found.at(-1)?.seq ?? 0 }, (_, at) => at + 1).filter((seq) => !named.has(seq));
}

describe.skipIf(!mounted)(
  `presence on a full disk ${mounted ? "" : "skipped: a small file system can be mounted by root only"}`,
  () => {
    afterAll(() => {
      if (mounted) spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    });

    it("goes before any check-in, each row named in its own stream, and never costs one", async () => {
      const log = await openTestLedger(join(folder, "ledger"));
      const room = new RoomKeeper({
        log,
        reserveFile: join(folder, "reserve.bin"),
        freeBytes: async () => {
          const { bavail, bsize } = await statfs(folder);
          return bavail * bsize;
        },
        custodyUpto: () => 0,
        draft: () => draft({ scheme: "none", evidence: "none" }),
        logger: silentLogger,
      });
      await room.tend(); // the reserve is made while there is room
      for (let n = 0; n < 5; n += 1) await log.append(rows("in", 100));
      for (let n = 0; n < 50; n += 1) await log.presence.append(rows("presence", 100));
      const { bavail, bsize } = await statfs(folder);
      writeFileSync(join(folder, "somebody-elses-film"), Buffer.alloc(bavail * bsize - (1 << 20), 1));

      for (let n = 0; n < 150; n += 1) expect(await room.appendPresence(rows("presence", 50))).toHaveLength(50);
      expect(unnamed(await all(log.presence))).toEqual([]);
      expect((await all(log.presence)).some(({ kind }) => kind === "tombstone")).toBe(true);
      expect(await all(log)).toHaveLength(500);

      const presence = (await log.presence.sizes()).rows;
      for (let n = 0; n < 20; n += 1) expect(await room.append(rows("in", 50))).toHaveLength(50);
      expect((await log.presence.sizes()).rows).toBeLessThan(presence);
      expect(await all(log)).toHaveLength(1_500); // no check-in went while there was presence to give up
      expect(unnamed(await all(log.presence))).toEqual([]);
      await log.close();
    });
  },
);
