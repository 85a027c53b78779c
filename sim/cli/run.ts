import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { EXIT } from "../../runtime/lifecycle.ts";
import { junitOf } from "../scenario/junit.ts";
import { runScenario } from "../scenario/run-scenario.ts";
import { runOnWire } from "../scenario/run-wire.ts";
import { passed, type ScenarioReport } from "../scenario/scenario-report.ts";
import { findScenario, SCENARIOS } from "../scenarios/registry.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { showProgress } from "./progress.ts";

interface RunFlags {
  readonly seed: string;
  readonly people?: string;
  readonly kiosks?: string;
  readonly json?: boolean;
  readonly junit?: string;
  readonly log?: string;
  readonly wire?: boolean;
}

/** Registers `run` and `list`. */
export function registerRun(program: Command): void {
  program
    .command("list")
    .description("the scenarios")
    .option("--json", "one JSON object on standard output")
    .action((flags: { readonly json?: boolean }) => {
      const scenarios = SCENARIOS.map(({ name, about, size }) => ({ name, about, ...size }));
      const lines = scenarios.map(({ name, about }) => `${name.padEnd(20)}${about}`);
      console.log(flags.json ? JSON.stringify({ scenarios }) : lines.join("\n"));
    });
  program
    .command("run")
    .description(
      "run a scenario in virtual time and report what was lost, doubled and found; 1 when something did not hold",
    )
    .argument("<scenario>", "a name from `sim list`")
    .option("--seed <seed>", "the same seed gives the same world and the same report", "1")
    .option("--people <n>", "people in the world; default: the scenario's own size")
    .option("--kiosks <n>", "doors, 1 to 50; default: the scenario's own")
    .option("--json", "one JSON object on standard output")
    .option("--junit <file>", "also write the assertions as JUnit XML")
    .option("--log <file>", "also write what was true and what the doors answered, one JSON line an event")
    .option("--wire", "a shortened day in real time, by untouched processes on virtual hardware (market-day)")
    .action(run);
}

async function run(name: string, flags: RunFlags): Promise<void> {
  const scenario = findScenario(name);
  const people = wholeNumber(flags.people, 2, 20_000);
  const kiosks = wholeNumber(flags.kiosks, 1, 50);
  if (!scenario || people === null || kiosks === null || (flags.wire && !scenario.onWire)) {
    console.error(whatIsWrong(scenario, people === null || kiosks === null));
    process.exitCode = EXIT.usage;
    return;
  }
  const shows = process.stderr.isTTY && !flags.json;
  const { report, log } = await (flags.wire ? runOnWire : runScenario)(scenario, {
    seed: flags.seed,
    ...(people !== undefined && { people }),
    ...(kiosks !== undefined && { kiosks }),
    ...(shows && { progress: showProgress }),
  });
  if (shows) process.stderr.write("\r\u001b[K");
  if (flags.junit !== undefined) await writeFile(flags.junit, junitOf(report));
  if (flags.log !== undefined) await writeFile(flags.log, log);
  console.log(flags.json ? JSON.stringify(report) : describe(report));
  if (!passed(report)) process.exitCode = EXIT.failure;
}

function whatIsWrong(scenario: Scenario | undefined, isSizeWrong: boolean): string {
  const names = (of: readonly Scenario[]): string => of.map(({ name }) => name).join(", ");
  if (!scenario) return `There is no scenario of that name. There are: ${names(SCENARIOS)}. Try: sim list`;
  if (isSizeWrong) return "--people takes a whole number from 2 to 20000, --kiosks one from 1 to 50.";
  return `--wire can live through: ${names(SCENARIOS.filter(({ onWire }) => onWire))}.`;
}

/** The number, undefined when it was not given, null when it is not one within the bounds. */
function wholeNumber(text: string | undefined, min: number, max: number): number | undefined | null {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : null;
}

function describe(report: ScenarioReport): string {
  const { visitOverlap: overlap, contact2m15: near, assertions, timing } = report;
  return [
    `${report.scenario}, seed ${report.seed}: ${report.people} people, ${report.kiosks} kiosks, ${report.stays} stays, ${report.cases} cases`,
    `  accepted ${report.accepted}, stored ${report.stored}, lost ${report.lost}, duplicated ${report.duplicated}, named by tombstones ${report.tombstoned}`,
    `  who was there at the same time:      recall ${overlap.recall}, precision ${overlap.precision} (a check of the software)`,
    `  who was within 2 m for 15 minutes:   recall ${near.recall}, precision ${near.precision} (what a door can know)`,
    ...assertions.map(
      ({ name, ok, detail }) => `  ${ok ? "ok  " : "FAIL"} ${name}${detail === "" ? "" : ` (${detail})`}`,
    ),
    `  at the engine after ${timing.deliveryP50S} s (half), ${timing.deliveryP99S} s (99 of 100), ${timing.deliveryMaxS} s at most${timing.mostUnsent === undefined ? "" : `; at most ${timing.mostUnsent} rows waited at a kiosk`}`,
    `  answer after ${timing.scanToAnswerP50Ms} ms (half), ${timing.scanToAnswerP99Ms} ms (99 of 100); ${timing.speedup} times real time`,
  ].join("\n");
}
