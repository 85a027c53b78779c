import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Command } from "commander";
import { type CommonFlags, guarded, print } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { bundleDirOf } from "../provision/bundle.ts";
import { makeSupportBundle, type SupportSources } from "../support/support-bundle.ts";
import { configOf, withConfig } from "./commands.ts";

interface BundleFlags extends CommonFlags {
  readonly out: string;
}

const LOG_LINES = 500;
const JOURNAL_TIMEOUT_MS = 15_000;

/** Registers `bundle`. */
export function registerBundle(program: Command, looks: Pick<SupportSources, "inspect" | "disk">): void {
  withConfig(program.command("bundle"))
    .description("write a support bundle: versions, settings, devices, ledger sizes, log; nothing of any visitor")
    .option("--out <file>", "file to write", "bluepost-kiosk.bundle.json.gz")
    .action(guarded((flags: BundleFlags) => write(flags, looks)));
}

async function write(flags: BundleFlags, looks: Pick<SupportSources, "inspect" | "disk">): Promise<number> {
  const config = configOf(flags);
  const bundleDir = bundleDirOf(config);
  const body = await makeSupportBundle({ ...looks, config, bundleDir, nowMs: Date.now(), log: readJournal });
  await writeFile(flags.out, body, { mode: 0o600 });
  print(flags, { out: flags.out, bytes: body.length }, [
    `The bundle is in ${flags.out} (${body.length} bytes). Look into it before you send it: zcat ${flags.out}`,
  ]);
  return EXIT.ok;
}

/** The service's lines in systemd's journal; none where there is no journal. */
async function readJournal(): Promise<readonly string[]> {
  const args = ["-u", "bluepost-kiosk", "-n", String(LOG_LINES), "-o", "cat", "--no-pager", "-q"];
  try {
    const { stdout } = await promisify(execFile)("journalctl", args, { timeout: JOURNAL_TIMEOUT_MS, maxBuffer: 8e6 });
    return stdout.split("\n").filter(Boolean);
  } catch {
    return []; // no systemd here: the rest of the bundle is worth having
  }
}
