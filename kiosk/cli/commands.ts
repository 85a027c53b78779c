import type { Command } from "commander";
import { BluepostError } from "../../protocol/errors.ts";
import { type CommonFlags, print, settingsFile, withSettings } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { type KioskConfig, loadKioskConfig } from "../config.ts";
import { bundleDirOf, type DeviceBundle, readBundle } from "../provision/bundle.ts";
import { listOutbox, viewLedger } from "./ledger-view.ts";
import { type Finding, selfTest } from "./self-test.ts";

export type { CommonFlags } from "../../runtime/cli/frame.ts";

/** Adds the flags that name a configuration. */
export function withConfig(command: Command): Command {
  return withSettings(command, "screen.port=8090");
}

/** Loads the configuration that the flags name. */
export function configOf(flags: CommonFlags): ReturnType<typeof loadKioskConfig> {
  return loadKioskConfig({ file: settingsFile("kiosk", flags.config), env: process.env, flags: flags.set });
}

/**
 * Registers the commands that only look: `config`, `status`, `doctor`, `outbox ls`.
 *
 * @param inspect looks at the devices of this machine without opening any
 * @returns the command `outbox`, for those that do more
 */
export function registerLookCommands(
  program: Command,
  inspect: (config: KioskConfig) => Promise<readonly Finding[]>,
): Command {
  withConfig(
    program.command("config").description("print the effective configuration; nothing in it is secret"),
  ).action((flags: CommonFlags) => {
    console.log(JSON.stringify(configOf(flags), null, flags.json ? 0 : 2));
  });
  withConfig(program.command("status").description("what the ledger holds and what the engine has confirmed")).action(
    showStatus,
  );
  withConfig(
    program.command("doctor").description("check what this kiosk needs to run; says how to mend each red line"),
  ).action((flags: CommonFlags) => doctor(flags, inspect));
  const outbox = program.command("outbox").description("rows that the engine has not confirmed");
  withConfig(outbox.command("ls").description("list them: number, kind and size, never content"))
    .option("-n, --limit <rows>", "most rows to list", "50")
    .action(listRows);
  return outbox;
}

async function showStatus(flags: CommonFlags): Promise<void> {
  const config = configOf(flags);
  const view = await viewLedger(config.dataDir);
  if (!view) {
    print(flags, { ledger: null }, [`There is no ledger in ${config.dataDir} yet. It is made when the kiosk starts.`]);
    return;
  }
  const oldest = view.oldestUnconfirmedWallMs === null ? "none" : new Date(view.oldestUnconfirmedWallMs).toISOString();
  print(flags, { ledger: view }, [
    `epoch             ${view.epoch}`,
    `rows here         ${view.rows} (${view.firstSeq} to ${view.lastSeq})`,
    `confirmed up to   ${view.confirmedUpto}`,
    `not yet confirmed ${view.unconfirmed}, the oldest of ${oldest}`,
    `heard by radio    ${view.presence.rows} sessions here, ${view.presence.unconfirmed} not yet confirmed`,
  ]);
}

async function listRows(flags: CommonFlags & { readonly limit: string }): Promise<void> {
  const rows = await listOutbox(configOf(flags).dataDir, Math.max(1, Number.parseInt(flags.limit, 10) || 50));
  const lines = rows.map(
    ({ seq, kind, bytes, batchEnds }) =>
      `${String(seq).padStart(8)}  ${kind.padEnd(10)}${bytes} B${batchEnds ? "  end of batch" : ""}`,
  );
  print(flags, { rows }, lines.length > 0 ? lines : ["Nothing waits: the engine has confirmed every row."]);
}

async function doctor(
  flags: CommonFlags,
  inspect: (config: KioskConfig) => Promise<readonly Finding[]>,
): Promise<void> {
  const findings: Finding[] = [];
  const check = async (name: string, look: () => Promise<string> | string): Promise<void> => {
    try {
      findings.push({ check: name, ok: true, detail: await look() });
    } catch (fault) {
      findings.push({ check: name, ok: false, detail: fault instanceof BluepostError ? fault.message : "failed" });
    }
  };
  const config = configOf(flags);
  let bundle: DeviceBundle | null = null;
  await check("bundle", async () => {
    bundle = await readBundle(bundleDirOf(config));
    const { device, site, venue, gate } = bundle;
    return `${device} of site ${site}, venue ${venue}, gate ${gate}`;
  });
  await check("ledger", async () => {
    const view = await viewLedger(config.dataDir);
    return view ? `${view.rows} rows, ${view.unconfirmed} not yet confirmed` : "none yet; it is made at first start";
  });
  await check("durability", () => {
    if (config.storage.synchronous === "OFF")
      throw new UnsafeSettingError("storage.synchronous is OFF: check-ins do not survive a power cut");
    return "every check-in is flushed before it is answered";
  });
  findings.push(...(await inspect(config)), ...(await selfTest(config, bundle)));
  print(flags, { findings }, findings.flatMap(linesOf));
  if (findings.some(({ ok }) => !ok)) process.exitCode = EXIT.failure;
}

function linesOf({ check, ok, detail, fix }: Finding): readonly string[] {
  const line = `${ok ? "ok  " : "BAD "} ${check.padEnd(12)}${detail}`;
  return fix === undefined ? [line] : [line, `${" ".repeat(17)}-> ${fix}`];
}

/** A setting is legal but must not be used at a door. */
export class UnsafeSettingError extends BluepostError {
  readonly code = "KIOSK_UNSAFE_SETTING";
  readonly recovery = "operator";
}
