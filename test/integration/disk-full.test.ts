import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RoomKeeper } from "../../kiosk/ledger/room-keeper.ts";
import type { CheckinRecord } from "../../protocol/checkin/record.ts";
import { silentLogger } from "../../runtime/log.ts";
import { draft, openTestLedger, sealedAppends } from "../support/ledger.ts";

const mount = (folder: string): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", folder]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "bluepost-full-"));
const mounted = mount(folder);

describe.skipIf(!mounted)(
  `a full disk ${mounted ? "" : "skipped: a small file system can be mounted by root only"}`,
  () => {
    afterAll(() => {
      if (mounted) spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    });

    it("takes every check-in, and names each one that had to go", async () => {
      const log = await openTestLedger(join(folder, "ledger"));
      const { next, ready } = await sealedAppends();
      const room = new RoomKeeper({
        log,
        reserveFile: join(folder, "reserve.bin"),
        freeBytes: async () => {
          const { bavail, bsize } = await statfs(folder);
          return bavail * bsize;
        },
        custodyUpto: () => 100, // the gateway has the first hundred; nobody else confirmed anything
        draft: () => draft({ scheme: "none", evidence: "none" }),
        logger: silentLogger,
      });
      await room.tend(); // the reserve is made while there is room
      const { bavail, bsize } = await statfs(folder);
      writeFileSync(join(folder, "somebody-elses-film"), Buffer.alloc(bavail * bsize - (1 << 20), 1));
      for (let i = 1; i <= 30_000; i += 100) {
        await ready();
        const made = await room.append(Array.from({ length: 100 }, (_, at) => next(log, String(i + at))));
        expect(made).toHaveLength(100);
      }
      const rows: CheckinRecord[] = [];
      for (let from = 1; ; ) {
        const part = await log.read(from, 500);
        if (part.length === 0) break;
        rows.push(...part.map(({ record }) => record));
        from = (rows.at(-1)?.seq ?? 0) + 1;
      }
      const named = new Set(rows.map(({ seq }) => seq));
      const tombstones = rows.filter(({ kind }) => kind === "tombstone");
      for (const { lost } of tombstones)
        for (let seq = lost?.from ?? 1; seq <= (lost?.to ?? 0); seq += 1) named.add(seq);
      for (let seq = 1; seq <= 100; seq += 1) named.add(seq); // in the gateway's custody
      const last = rows.at(-1)?.seq ?? 0;
      expect(tombstones.length).toBeGreaterThan(0);
      expect(Array.from({ length: last }, (_, i) => i + 1).filter((seq) => !named.has(seq))).toEqual([]);
      await log.close();
    });
  },
);
