import { setMaxListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Running } from "../../runtime/lifecycle.ts";
import { runService } from "../../runtime/lifecycle.ts";
import { createRng } from "../rng.ts";
import { ProcessSite } from "../site/process-site.ts";
import { letVisitorsCome } from "../site/visitors.ts";

interface SiteFlags {
  readonly seed: string;
  readonly data?: string;
  readonly every: string;
  readonly camera?: boolean;
  readonly verbose?: boolean;
}

const DOORS = [
  { device: "door-1", venue: "7k3m9q2x", name: "Chợ Dương Đông", screenPort: 8080 },
  { device: "door-2", venue: "8m4n0r3y", name: "Trường THPT An Thới", screenPort: 8090 },
] as const;

/** Registers `site`: what `npm start` runs. */
export function registerSite(program: Command): void {
  program
    .command("site")
    .description("run a whole simulated site until Ctrl-C: engine, gateway, two kiosks, visitors coming and going")
    .option("--seed <seed>", "the same seed brings the same visitors", "1")
    .option("--data <dir>", "keep the databases here; default: a folder that goes away")
    .option("--every <seconds>", "mean time between two visitors", "3")
    .option("--camera", "the second door reads codes with a virtual camera instead of a scanner")
    .option("-v, --verbose", "show what every part logs")
    .action(async (flags: SiteFlags) => {
      await runService((signal) => startSite(flags, signal));
    });
}

async function startSite(flags: SiteFlags, signal: AbortSignal): Promise<Running> {
  const folder = flags.data ?? (await mkdtemp(join(tmpdir(), "bluepost-site-")));
  console.log("Starting engine, gateway and two kiosks on virtual hardware ...");
  let code = "";
  const site = await ProcessSite.open({
    folder,
    site: "phu-quoc",
    doors: DOORS.map((door, at) => (flags.camera && at === 1 ? { ...door, reader: "camera" } : door)),
    enginePort: 8082,
    gatewayPort: 8081,
    kioskSettings: ["door.minimumDwellSeconds=6", "door.capacity=60"],
    log: (part, line) => {
      code = /^Nobody may log in yet.*: (\S+)$/.exec(line)?.[1] ?? code;
      if (flags.verbose) console.log(`${part.padEnd(8)} ${line}`);
    },
  });
  console.log(addresses(site, folder, code));
  setMaxListeners(0, signal); // every visitor who is inside waits on it
  const visitors = letVisitorsCome(
    {
      rng: createRng(flags.seed),
      doors: site.doors,
      people: 60,
      shortestMs: 8_000,
      longestMs: 60_000,
      everyMs: Math.max(0.2, Number(flags.every) || 3) * 1_000,
      seen: ({ door, person, direction }) => {
        if (flags.verbose) console.log(`visitor ${person.index} ${direction} at ${door.name}`);
      },
    },
    signal,
  );
  return {
    async close() {
      console.log("\nStopping ...");
      await visitors;
      await site.close();
      if (flags.data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param code makes the fleet page's first operator; empty when there is one */
function addresses(site: ProcessSite, folder: string, code: string): string {
  const doors = site.doors.map(({ name, screen }) => `  Kiosk screen, ${name.padEnd(22)}${screen}`);
  return [
    "",
    "A site is running. Open these pages in a browser:",
    ...doors,
    `  Fleet page${" ".repeat(28)}${site.gatewayUrl}/${code && `  (first code: ${code})`}`,
    `  Gateway status${" ".repeat(24)}${site.gatewayUrl}/status`,
    `  Engine API${" ".repeat(28)}${site.engineUrl}/openapi.json`,
    "",
    `Databases: ${folder}`,
    `Who was where: npm run -s engine -- stats -s dataDir=${site.engineDir}`,
    "Press Ctrl-C to stop everything.",
  ].join("\n");
}
