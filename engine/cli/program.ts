import { Command } from "commander";
import { EXIT, runService } from "../../runtime/lifecycle.ts";
import { startEngine } from "../start.ts";
import { registerCaseCommands } from "./cases.ts";
import { doctor } from "./doctor.ts";
import { registerFacilityCommands } from "./facilities.ts";
import { type CommonFlags, configOf, guarded, print, useExitCodes, withConfig, withEngine } from "./flags.ts";
import { registerKeyCommands } from "./keys.ts";
import { registerPublishedCommands } from "./published.ts";
import { registerRevokeCommand } from "./revoke.ts";
import { registerRuleCommands } from "./rules.ts";
import { showStats, showStatus } from "./status.ts";
import { registerTokenCommands } from "./tokens.ts";
import { registerVaultCommands } from "./vault.ts";
import { registerVenueCommands } from "./venues.ts";

/** The command line of an engine. Every command but `start` works while the service runs. */
export function buildProgram(): Command {
  const program = new Command("bluepost-engine").description(
    "the authority's engine: stores check-ins, builds visits, traces cases",
  );
  withConfig(program.command("start", { isDefault: true }))
    .description("serve until SIGINT or SIGTERM; makes a development authority at first start")
    .action((flags: CommonFlags) => runService(async () => startEngine(configOf(flags))));
  registerKeyCommands(program);
  registerVenueCommands(program);
  registerCaseCommands(program);
  registerRuleCommands(program);
  registerFacilityCommands(program);
  registerVaultCommands(program);
  registerTokenCommands(program);
  registerPublishedCommands(program);
  registerRevokeCommand(program);
  withConfig(program.command("stats")).description("what the store holds").action(guarded(showStats));
  withConfig(program.command("status")).description("whether the service runs").action(guarded(showStatus));
  withConfig(program.command("prune"))
    .description("delete what is past its retention; the service does it every hour")
    .action(guarded(prune));
  withConfig(program.command("doctor"))
    .description("check what this engine needs to run; says how to mend what is wrong")
    .action(guarded(doctor));
  withConfig(program.command("config"))
    .description("print the effective configuration; nothing in it is secret")
    .action(guarded(showConfig));
  useExitCodes(program);
  return program;
}

async function prune(flags: CommonFlags): Promise<number> {
  const pruned = await withEngine(flags, (engine) => engine.prune());
  print(flags, pruned, [`${pruned.events} rows, ${pruned.visits} visits, ${pruned.letters} letters deleted`]);
  return EXIT.ok;
}

async function showConfig(flags: CommonFlags): Promise<number> {
  console.log(JSON.stringify(configOf(flags), null, flags.json ? 0 : 2));
  return EXIT.ok;
}
