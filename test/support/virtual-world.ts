import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createEngine, type Engine, issueSiteBundle, loadEngineConfig } from "../../engine/app.ts";
import { parseSiteId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { type RootLogger, silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { createRng } from "../../sim/rng.ts";
import type { DoorSpec } from "../../sim/site/door-spec.ts";
import { VirtualSite } from "../../sim/site/virtual-site.ts";
import { VirtualTime } from "../../sim/time/virtual-time.ts";

/** An engine and a site with one door, in one folder and in virtual time from nine in the morning. */
export interface VirtualWorld {
  readonly engine: Engine;
  readonly engineDir: string;
  readonly site: VirtualSite;
  readonly time: VirtualTime;
  /** Lets time pass. */
  wait(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Builds a world in `folder`. */
export async function openVirtualWorld(
  folder: string,
  options: {
    readonly log?: RootLogger;
    readonly tap?: (topic: string, payload: Uint8Array) => void;
    /** The doors are beacons and listen. */
    readonly radio?: DoorSpec["radio"];
    /** What is different at each door; default: one door, as below. */
    readonly doors?: readonly Partial<DoorSpec>[];
  } = {},
): Promise<VirtualWorld> {
  const time = new VirtualTime(Date.UTC(2026, 10, 16, 2) as WallMs);
  const log = options.log ?? silentLogger;
  const engineDir = join(folder, "engine");
  mkdirSync(folder, { recursive: true });
  const engine = await createEngine({
    config: loadEngineConfig({ env: {}, flags: [`dataDir=${engineDir}`] }),
    now: () => time.wall(),
    log,
    crypto: nodeCrypto,
  });
  const bundle = await issueSiteBundle(engine.keys, {
    crypto: nodeCrypto,
    site: parseSiteId("school-1"),
    nowMs: time.wall(),
  });
  const site = await VirtualSite.open({
    folder,
    engine,
    bundle,
    time,
    rng: createRng("virtual-world"),
    log,
    ...(options.tap && { tap: options.tap }),
    doors: (options.doors ?? [{}]).map((door, at) => ({
      device: `door-${at + 1}`,
      venue: parseVenueId("7k3m9q2x"),
      venueName: "Cổng trường",
      clock: { wallOffsetMs: 0, state: "ntp", uncertaintyMs: 50 },
      ...(options.radio && { radio: options.radio }),
      ...door,
    })),
  });
  return {
    engine,
    engineDir,
    site,
    time,
    wait: (ms) => time.advanceTo(time.now() + ms, () => site.settle()),
    close: async () => {
      await site.close();
      await engine.close();
    },
  };
}
