import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, type CommanderError, InvalidArgumentError } from "commander";
import { EXIT, reportFault } from "../lifecycle.ts";

/** Flags that every command of kiosk, gateway and engine has. */
export interface CommonFlags {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Adds the flags that name a configuration. @param example a setting of that part, for the help text */
export function withSettings(command: Command, example: string): Command {
  return command
    .option("-c, --config <file>", "configuration file (TOML)")
    .option("-s, --set <key=value...>", `one setting, for example ${example}; wins over file and environment`)
    .option("--json", "one JSON object on standard output");
}

/**
 * The settings file of a part: the one that was named, else `PART.toml` in the folder BLUEPOST_CONFIG_DIR when it is there. The
 * installed programs set that variable, so that a technician's `doctor` looks at what the service runs with.
 */
export function settingsFile(
  part: string,
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const folder = env["BLUEPOST_CONFIG_DIR"];
  if (named !== undefined || !folder) return named;
  const file = join(folder, `${part}.toml`);
  return existsSync(file) ? file : undefined;
}

/** Prints a result: lines for a person, or one JSON object. */
export function print(flags: CommonFlags, value: unknown, lines: readonly string[]): void {
  console.log(flags.json ? JSON.stringify(value) : lines.join("\n"));
}

/**
 * Wraps a command so that a fault becomes its exit code and a line on standard error.
 *
 * @param report says what went wrong and returns the exit code
 */
export function guardedBy<Args extends readonly unknown[]>(
  report: (fault: unknown) => number,
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await run(...args);
    } catch (fault) {
      process.exitCode = report(fault);
    }
  };
}

/** {@link guardedBy} with the report that services give. */
export function guarded<Args extends readonly unknown[]>(
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return guardedBy(reportFault, run);
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
