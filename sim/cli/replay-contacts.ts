import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { EXIT } from "../../runtime/lifecycle.ts";
import { parseContactFile } from "../replay/contact-file.ts";
import { type ContactReplayReport, type F1Score, replayContacts } from "../replay/replay-contacts.ts";
import { showProgress } from "./progress.ts";

interface ContactFlags {
  readonly case: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** Registers `replay contacts`. @param replay the command `replay` */
export function registerReplayContacts(replay: Command): void {
  replay
    .command("contacts")
    .description(
      "play measured contacts (SocioPatterns: time, id, id, class, class) through real kiosks and score what they find",
    )
    .argument("<file>", "the contacts; one row is a contact of 20 seconds")
    .requiredOption("--case <id>", "the person who turns out to be a case, as the file names him")
    .option("--seed <seed>", "the same seed gives the same places and the same report", "1")
    .option("--json", "one JSON object on standard output")
    .action(run);
}

async function run(path: string, flags: ContactFlags): Promise<void> {
  const refuse = (code: number, line: string): void => {
    console.error(line);
    process.exitCode = code;
  };
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return refuse(EXIT.usage, `${path} cannot be read. Give the path of a contact file.`);
  const outcome = parseContactFile(text);
  if (outcome.kind === "unreadable")
    return refuse(
      EXIT.failure,
      `${path}, line ${outcome.line}: ${outcome.reason}. It must be: time, id, id, class, class.`,
    );
  const { file } = outcome;
  const of = file.people.findIndex(({ id }) => id === flags.case);
  if (of < 0)
    return refuse(EXIT.usage, `Nobody in the file is named ${flags.case}; the first are ${firstNames(file.people)}.`);
  const shows = process.stderr.isTTY && !flags.json;
  const report = await replayContacts(file, { of, seed: flags.seed, ...(shows && { progress: showProgress }) });
  if (shows) process.stderr.write("\r\u001b[K");
  console.log(flags.json ? JSON.stringify(report) : describe(report));
}

function firstNames(people: readonly { readonly id: string }[]): string {
  return people
    .slice(0, 5)
    .map(({ id }) => id)
    .join(", ");
}

function describe(report: ContactReplayReport): string {
  const { timing } = report;
  const line = (name: string, { recall, precision, f1 }: F1Score, knows: string): string =>
    `  ${name.padEnd(24)}F1 ${f1.toFixed(2)}  recall ${recall.toFixed(2)}  precision ${precision.toFixed(2)}  ${knows}`;
  return [
    `${report.people} people in ${report.rooms} rooms, ${report.rows} contacts of 20 s; case ${report.case} had ${report.closeContacts} close contacts (15 minutes or more)`,
    line("kiosks and tokens", report.kioskNet, "the same room for 15 minutes"),
    line("tokens among themselves", report.tokenToToken, "as loud as at 2 m, 15 minutes in all"),
    line("the same class", report.sameClassBaseline, "no device at all"),
    `  ${timing.wallSeconds} s, ${timing.speedup} times real time`,
  ].join("\n");
}
