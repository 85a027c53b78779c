import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { announceReady, EXIT, type Running, runService } from "../../runtime/lifecycle.ts";
import { Lab } from "../lab/lab.ts";
import { LabServer } from "../lab/lab-server.ts";

interface LabFlags {
  readonly port: string;
  readonly seed: string;
  readonly people: string;
  readonly data?: string;
  readonly verbose?: boolean;
}

/** Registers `lab`. */
export function registerLab(program: Command): void {
  program
    .command("lab")
    .description(
      "a page with a floor plan, people and real kiosks, whose power, network, scanner, clock and radio you can cut",
    )
    .option("--port <n>", "port of the page", "8083")
    .option("--people <n>", "people on the plan, 1 to 60", "16")
    .option("--seed <seed>", "the same seed brings the same people", "1")
    .option("--data <dir>", "keep the databases here; default: a folder that goes away")
    .option("-v, --verbose", "show what every part logs")
    .action(async (flags: LabFlags) => {
      const [port, people] = [Number(flags.port), Number(flags.people)];
      if (!isWhole(port, 0, 65_535) || !isWhole(people, 1, 60)) {
        console.error("--port takes a whole number from 0 to 65535, --people one from 1 to 60. See --help.");
        process.exitCode = EXIT.usage;
        return;
      }
      await runService(() => startLab(flags, { port, people }));
    });
}

async function startLab(flags: LabFlags, { port, people }: { port: number; people: number }): Promise<Running> {
  const folder = flags.data ?? (await mkdtemp(join(tmpdir(), "bluepost-lab-")));
  console.error("Starting engine, gateway and two kiosks on virtual hardware ...");
  const log = (part: string, line: string): void => {
    if (flags.verbose) console.error(`${part.padEnd(8)} ${line}`);
  };
  const lab = await Lab.open({ folder, seed: flags.seed, people, log });
  const server = new LabServer(lab);
  const url = await server.listen(port);
  console.error(`The lab: ${url}   (Ctrl-C stops everything)`);
  announceReady("sim", { url, ...lab.addresses });
  return {
    async close() {
      await server.close();
      await lab.close();
      if (flags.data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
