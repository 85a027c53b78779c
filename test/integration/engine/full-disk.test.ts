import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Serving } from "../../../engine/cli/ask-ready.ts";
import { servingOf } from "../../../engine/cli/status.ts";
import { BATCHES_PATH, BATCHES_TYPE, encodeBatchSet } from "../../../protocol/http/engine-api.ts";
import { MINUTE_MS } from "../../../protocol/units.ts";
import { type RootLogger, silentLogger } from "../../../runtime/log.ts";
import { makeDevice } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";

const folder = mkdtempSync(join(tmpdir(), "bluepost-full-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder]).status === 0;

/** A log whose errors are kept, each with the component that it came from. */
function keptErrors(): { readonly log: RootLogger; readonly errors: object[] } {
  const errors: object[] = [];
  const of = (component: string): RootLogger => ({
    ...silentLogger,
    error: (event, fields) => void errors.push({ component, event, ...fields }),
    child: of,
  });
  return { log: of(""), errors };
}

describe.skipIf(!mounted)(
  `an engine whose disk is full ${mounted ? "" : "skipped: a small file system can be mounted by root only"}`,
  () => {
    afterAll(() => {
      if (mounted) spawnSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    });

    it("says that it is not ready, and its log says why, until there is room again", async () => {
      const { log, errors } = keptErrors();
      const { engine, authority, clock } = await openTestEngine({ folder: join(folder, "engine"), log });
      const { url } = await engine.listen();
      const found = (): Promise<Serving> => servingOf({ set: [`listen.port=${new URL(url).port}`] });
      const ready = async (): Promise<number> => (await fetch(`${url}/readyz`)).status;
      const made = await (await makeDevice(authority)).batch([{ who: { scheme: "cccd", id: "001099000001" } }]);
      const send = (): Promise<Response> =>
        fetch(`${url}${BATCHES_PATH}`, {
          method: "POST",
          body: encodeBatchSet([made.bytes]) as Uint8Array<ArrayBuffer>,
          headers: { "content-type": BATCHES_TYPE },
        });
      expect([await ready(), errors]).toEqual([200, []]);
      clock.nowMs += MINUTE_MS;
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(join(folder, "somebody-elses-film"), Buffer.alloc(bavail * bsize));
      expect(await ready()).toBe(503);
      expect(await found()).toBe("unready");
      expect((await send()).status).toBe(503);
      const why = { fault: "RT_STORE_FAILED", sqlite: "SQLITE_FULL" };
      expect(errors).toEqual([
        { component: "http", event: "http.not_ready", ...why },
        { component: "http", event: "http.not_ready", ...why },
        { component: "ingest", event: "ingest.commit_failed", batches: 1, ...why },
        { component: "http", event: "http.fault", status: 503, ...why },
      ]);
      rmSync(join(folder, "somebody-elses-film"));
      expect(await ready()).toBe(200);
      expect((await send()).status).toBe(200);
    });
  },
);
