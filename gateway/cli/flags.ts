import { type Command, type CommanderError, InvalidArgumentError } from "commander";
import { EXIT, reportFault } from "../../runtime/lifecycle.ts";
import { type GatewayConfig, loadGatewayConfig } from "../config.ts";

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
    .option("-s, --set <key=value...>", "one setting, for example mqtt.port=8883; wins over file and environment")
    .option("--json", "one JSON object on standard output");
}

/** Loads the configuration that the flags name. @throws {ConfigError} RT_CONFIG */
export function configOf(flags: CommonFlags): GatewayConfig {
  return loadGatewayConfig({ file: flags.config, env: process.env, flags: flags.set });
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
      process.exitCode = reportFault(fault);
    }
  };
}

/** Makes a parser of protocol ids into one for the command line. */
export function argument<Value>(parse: (text: string) => Value, hint: string): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch {
      throw new InvalidArgumentError(hint); // commander prints it with the name of the flag
    }
  };
}

/** Ends with 64 where commander would end with 1. */
export function useExitCodes(program: Command): void {
  program.exitOverride((fault: CommanderError) => {
    process.exit(fault.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });
  for (const command of program.commands) useExitCodes(command);
}
