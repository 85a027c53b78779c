import type { Command } from "commander";
import { EXIT } from "../../runtime/lifecycle.ts";
import { type FirstDayReport, runFirstDay } from "../scenarios/first-day.ts";

interface RunFlags {
  readonly seed: string;
  readonly people?: string;
  readonly kiosks?: string;
  readonly json?: boolean;
}

/** Every scenario by name, with what it shows. */
export const SCENARIOS: Readonly<Record<string, string>> = {
  "first-day": "a day at three doors with a hundred people; then ten of them are cases",
};

/** Registers `run` and `list`. */
export function registerRun(program: Command): void {
  program
    .command("list")
    .description("the scenarios")
    .option("--json", "one JSON object on standard output")
    .action((flags: { readonly json?: boolean }) => {
      const lines = Object.entries(SCENARIOS).map(([name, what]) => `${name.padEnd(14)}${what}`);
      console.log(flags.json ? JSON.stringify({ scenarios: SCENARIOS }) : lines.join("\n"));
    });
  program
    .command("run")
    .description("run a scenario in virtual time and report what was lost, doubled and found")
    .argument("<scenario>", "a name from `sim list`")
    .option("--seed <seed>", "the same seed gives the same world and the same report", "1")
    .option("--people <n>", "people in the world")
    .option("--kiosks <n>", "doors, 1 to 6")
    .option("--json", "one JSON object on standard output")
    .action(run);
}

async function run(scenario: string, flags: RunFlags): Promise<void> {
  if (!Object.hasOwn(SCENARIOS, scenario)) {
    console.error(`There is no scenario of that name. There are: ${Object.keys(SCENARIOS).join(", ")}. Try: sim list`);
    process.exitCode = EXIT.usage;
    return;
  }
  const people = wholeNumber(flags.people, 2, 5_000);
  const kiosks = wholeNumber(flags.kiosks, 1, 6);
  if (people === null || kiosks === null) {
    console.error("--people takes a whole number from 2 to 5000, --kiosks one from 1 to 6.");
    process.exitCode = EXIT.usage;
    return;
  }
  const shows = process.stderr.isTTY && !flags.json;
  const report = await runFirstDay({
    seed: flags.seed,
    ...(people !== undefined && { people }),
    ...(kiosks !== undefined && { kiosks }),
    ...(shows && { progress: showProgress }),
  });
  if (shows) process.stderr.write("\r\u001b[K");
  console.log(flags.json ? JSON.stringify(report) : describe(report));
  if (report.lost > 0 || report.duplicated > 0 || report.visitOverlap.recall < 1 || report.visitOverlap.precision < 1) {
    process.exitCode = EXIT.failure;
  }
}

/** The number, undefined when it was not given, null when it is not one within the bounds. */
function wholeNumber(text: string | undefined, min: number, max: number): number | undefined | null {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : null;
}

function showProgress(done: number): void {
  const filled = Math.round(done * 30);
  process.stderr.write(`\r[${"#".repeat(filled)}${".".repeat(30 - filled)}] ${Math.round(done * 100)} %`);
}

function describe(report: FirstDayReport): string {
  const { visitOverlap: overlap, contact2m15: near, realCodes: codes, timing } = report;
  return [
    `${report.scenario}, seed ${report.seed}: ${report.people} people, ${report.kiosks} kiosks, ${report.stays} stays, ${report.cases} cases`,
    `  codes of real systems: ${codes.shown} shown, ${codes.admitted} admitted, ${codes.refused} refused, ${codes.posters} known for posters`,
    `  accepted ${report.accepted}, stored ${report.stored}, lost ${report.lost}, duplicated ${report.duplicated}`,
    `  who was there at the same time:      recall ${overlap.recall}, precision ${overlap.precision} (a check of the software)`,
    `  who was within 2 m for 15 minutes:   recall ${near.recall}, precision ${near.precision} (what a door can know)`,
    `  answer after ${timing.scanToAnswerP50Ms} ms (half), ${timing.scanToAnswerP99Ms} ms (99 of 100); ${timing.speedup} times real time`,
  ].join("\n");
}
