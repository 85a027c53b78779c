import { type Command, type CommanderError, InvalidArgumentError } from "commander";
import { EXIT, reportFault } from "../../runtime/lifecycle.ts";
import { silentLogger } from "../../runtime/log.ts";
import type { Engine } from "../app.ts";
import { type EngineConfig, loadEngineConfig } from "../config.ts";
import { EngineInputError } from "../errors.ts";
import { hasEngineKeys } from "../keys/engine-keys.ts";
import { openEngine } from "../start.ts";

/** Flags that every command has. */
export interface CommonFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Adds the flags that name a configuration. */
export function withConfig(command: Command): Command {
  return command
    .option("-c, --config <file>", "configuration file (TOML)")
    .option("-s, --set <key=value...>", "one setting, for example listen.port=8082; wins over file and environment")
    .option("--json", "one JSON object on standard output");
}

/** Loads the configuration that the flags name. @throws {ConfigError} RT_CONFIG */
export function configOf(flags: CommonFlags): EngineConfig {
  return loadEngineConfig({ file: flags.config, env: process.env, flags: flags.set });
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

/** Prints a result: lines for a person, or one JSON object. */
export function print(flags: CommonFlags, value: unknown, lines: readonly string[]): void {
  console.log(flags.json ? JSON.stringify(value) : lines.join("\n"));
}

/** Wraps a command so that a fault becomes its exit code and a line on standard error. */
export function guarded<Args extends readonly unknown[]>(
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await run(...args);
    } catch (fault) {
      process.exitCode = exitCodeOf(fault);
    }
  };
}

/** Wrong input is the caller's to mend (64); everything else is as for a service. */
function exitCodeOf(fault: unknown): number {
  if (!(fault instanceof EngineInputError)) return reportFault(fault);
  console.error(`${fault.code}: ${fault.message}`);
  return EXIT.usage;
}

/** Makes a parser of values into one for the command line. */
export function argument<Value>(parse: (text: string) => Value, hint: string): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch {
      throw new InvalidArgumentError(hint); // commander prints it with the name of the flag
    }
  };
}

/** Reads a whole number from the command line. */
export function integer(min: number, max: number): (text: string) => number {
  const parse = (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new RangeError(text);
    return value;
  };
  return argument(parse, `a whole number from ${min} to ${max}`);
}

/** Ends with 64 where commander would end with 1. */
export function useExitCodes(program: Command): void {
  program.exitOverride((fault: CommanderError) => {
    process.exit(fault.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });
  for (const command of program.commands) useExitCodes(command);
}
