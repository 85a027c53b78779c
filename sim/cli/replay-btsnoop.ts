import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { EXIT } from "../../runtime/lifecycle.ts";
import { type CaptureReport, type HeardKind, replayBtsnoop } from "../replay/btsnoop-replay.ts";

const WORDS: Readonly<Record<HeardKind, string>> = {
  kiosk: "Bluepost kiosks",
  token: "Bluepost tokens",
  gaen: "Exposure Notification",
  bluezone: "Bluezone",
};

/** Registers `replay btsnoop`. @param replay the command `replay` */
export function registerReplayBtsnoop(replay: Command): void {
  replay
    .command("btsnoop")
    .description("let a kiosk hear a Bluetooth capture: what would it record?")
    .argument("<file>", "a btsnoop capture, of an Android phone, of `btmon -w`, or of `sim air`")
    .option("--reveal", "also print the identifiers that were found")
    .option("--json", "one JSON object on standard output")
    .action(run);
}

async function run(path: string, flags: { readonly reveal?: boolean; readonly json?: boolean }): Promise<void> {
  const file = await readFile(path).catch(() => null);
  if (!file) {
    console.error(
      `No capture can be read at ${path}. Look at the path; an Android phone keeps its own in btsnoop_hci.log.`,
    );
    process.exitCode = EXIT.failure;
    return;
  }
  const report = replayBtsnoop(file, { reveal: flags.reveal ?? false });
  console.log(flags.json ? JSON.stringify(report) : describe(report));
  if (report.invented > 0) process.exitCode = EXIT.failure;
}

function describe({ packets, reports, scanResponses, unknown, found, sessions, identifiers }: CaptureReport): string {
  const kinds = (Object.keys(WORDS) as HeardKind[]).flatMap((kind) => [
    `${WORDS[kind].padEnd(24)}${found[kind].reports} reports, ${found[kind].identifiers} identifiers`,
    ...(identifiers?.[kind] ?? []).map((id) => `  ${id}`),
  ]);
  return [
    `${packets} packets, ${reports} advertising reports (${scanResponses} answers to active scans, ${unknown} of others)`,
    ...kinds,
    `A kiosk would record ${sessions.recorded} stays; ${sessions.passersBy} passed by.`,
  ].join("\n");
}
