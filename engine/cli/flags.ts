import { type Command, Option } from "commander";
import { type CommonFlags, guardedBy, settingsFile, withSettings } from "../../runtime/cli/frame.ts";
import { EXIT, reportFault } from "../../runtime/lifecycle.ts";
import { silentLogger } from "../../runtime/log.ts";
import type { Engine } from "../app.ts";
import { type EngineConfig, loadEngineConfig } from "../config.ts";
import { EngineInputError } from "../errors.ts";
import { hasEngineKeys } from "../keys/engine-keys.ts";
import { openEngine } from "../start.ts";
import { LANGUAGES, type Language } from "./texts.ts";

export { argument, type CommonFlags, integer, print, useExitCodes } from "../../runtime/cli/frame.ts";

/** Adds the flags that name a configuration. */
export function withConfig(command: Command): Command {
  return withSettings(command, "listen.port=8082");
}

/** Flags of a command that speaks Vietnamese and English. */
export interface LanguageFlags extends CommonFlags {
  readonly lang?: Language;
}

/** Adds the flag that names a language. */
export function withLanguage(command: Command): Command {
  return command.addOption(new Option("--lang <lang>", "language of tables").choices(LANGUAGES));
}

/** Loads the configuration that the flags name. @throws {ConfigError} RT_CONFIG */
export function configOf(flags: CommonFlags): EngineConfig {
  return loadEngineConfig({ file: settingsFile("engine", flags.config), env: process.env, flags: flags.set });
}

/**
 * Opens the engine's store beside a service that may be running, does one thing with it, and closes it.
 *
 * @throws {EngineInputError} ENGINE_INPUT when there is no engine in the data folder yet
 */
export async function withEngine<Result>(
  flags: CommonFlags,
  work: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const config = configOf(flags);
  if (!(await hasEngineKeys(config.dataDir))) {
    throw new EngineInputError(
      `no engine in ${config.dataDir}: run \`bluepost-engine start\`, or name it with --set dataDir=DIR`,
    );
  }
  const engine = await openEngine(config, silentLogger);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Wraps a command so that a fault becomes its exit code and a line on standard error. */
export function guarded<Args extends readonly unknown[]>(
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return guardedBy(exitCodeOf, run);
}

/** Wrong input is the caller's to mend (64); everything else is as for a service. */
function exitCodeOf(fault: unknown): number {
  if (!(fault instanceof EngineInputError)) return reportFault(fault);
  console.error(`${fault.code}: ${fault.message}`);
  return EXIT.usage;
}
