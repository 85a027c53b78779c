import type { Command } from "commander";
import { type CommonFlags, settingsFile, withSettings } from "../../runtime/cli/frame.ts";
import { type GatewayConfig, loadGatewayConfig } from "../config.ts";

export { argument, type CommonFlags, guarded, integer, print, useExitCodes } from "../../runtime/cli/frame.ts";

/** Adds the flags that name a configuration. */
export function withConfig(command: Command): Command {
  return withSettings(command, "mqtt.port=8883");
}

/** Loads the configuration that the flags name. @throws {ConfigError} RT_CONFIG */
export function configOf(flags: CommonFlags): GatewayConfig {
  return loadGatewayConfig({ file: settingsFile("gateway", flags.config), env: process.env, flags: flags.set });
}
