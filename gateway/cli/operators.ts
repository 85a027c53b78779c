import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { EXIT } from "../../runtime/lifecycle.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { GatewayConfig } from "../config.ts";
import { FleetStore } from "../fleet/fleet-store.ts";
import { Operators } from "../page/operators.ts";
import { type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

/** Registers `operators code`, `operators list` and `operators remove`. */
export function registerOperatorCommands(program: Command): void {
  const operators = program.command("operators").description("who may use the fleet page");
  withConfig(operators.command("code"))
    .description("make a code that adds an operator, or gives a known one a new password; it counts once, for a day")
    .action(guarded(newCode));
  withConfig(operators.command("list")).description("list their names").action(guarded(list));
  withConfig(operators.command("remove <name>"))
    .description("take an operator's right to log in, and end what is open")
    .action(guarded(remove));
}

async function newCode(flags: CommonFlags): Promise<number> {
  return withOperators(configOf(flags), async (operators) => {
    const code = await operators.newCode();
    print(flags, { code }, [
      `Code for the next operator, for one day: ${code}`,
      'Enter it on the fleet page under "I have a code".',
    ]);
    return EXIT.ok;
  });
}

async function list(flags: CommonFlags): Promise<number> {
  return withOperators(configOf(flags), async (operators) => {
    const names = await operators.list();
    print(flags, { operators: names }, names.length > 0 ? names : ["Nobody yet. Make a code: gateway operators code"]);
    return EXIT.ok;
  });
}

async function remove(name: string, flags: CommonFlags): Promise<number> {
  return withOperators(configOf(flags), async (operators) => {
    await operators.remove(name);
    print(flags, { operator: name, removed: true }, [`${name} may not log in any more.`]);
    return EXIT.ok;
  });
}

async function withOperators(config: GatewayConfig, run: (operators: Operators) => Promise<number>): Promise<number> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const store = await FleetStore.open(join(config.dataDir, "fleet.db"), nodeCrypto);
  try {
    return await run(new Operators({ store, crypto: nodeCrypto, nowMs: Date.now, site: "" }));
  } finally {
    await store.close();
  }
}
