import { Command } from "commander";
import { runService } from "../../runtime/lifecycle.ts";
import { startGateway } from "../start.ts";
import { registerAuditCommand } from "./audit.ts";
import { registerBrokerConfig } from "./broker-config.ts";
import { registerClaimCommand } from "./claim.ts";
import { registerDeviceCommands } from "./devices.ts";
import { doctor } from "./doctor.ts";
import { type CommonFlags, configOf, guarded, useExitCodes, withConfig } from "./flags.ts";
import { registerFleetCommands } from "./fleet.ts";
import { registerImport } from "./import.ts";
import { registerOperatorCommands } from "./operators.ts";
import { registerProbe } from "./probe.ts";
import { showStatus } from "./status.ts";

/** The command line of a gateway. */
export function buildProgram(): Command {
  const program = new Command("bluepost-gateway").description(
    "collects the check-ins of a site's kiosks and passes them to the engine",
  );
  withConfig(program.command("start"))
    .description("serve until SIGINT or SIGTERM")
    .option(
      "--site-bundle <dir>",
      "site bundle from `engine keys site`: needed at first start, and later to install a newer one",
    )
    .action(async (flags: CommonFlags & { readonly siteBundle?: string }) => {
      const say = (lines: readonly string[]): void => console.log(lines.join("\n"));
      await runService(async () => startGateway(configOf(flags), flags.siteBundle, say));
    });
  registerDeviceCommands(program);
  registerClaimCommand(program);
  registerAuditCommand(program);
  registerFleetCommands(program);
  registerOperatorCommands(program);
  registerImport(program);
  registerBrokerConfig(program);
  registerProbe(program);
  withConfig(program.command("status"))
    .description("what waits, who is connected, what went wrong")
    .action(guarded(showStatus));
  withConfig(program.command("doctor"))
    .description("check what this gateway needs to run; says how to mend what is wrong")
    .action(guarded(doctor));
  withConfig(program.command("config"))
    .description("print the effective configuration; nothing in it is secret")
    .action(
      guarded(async (flags: CommonFlags) => {
        console.log(JSON.stringify(configOf(flags), null, flags.json ? 0 : 2));
        return 0;
      }),
    );
  useExitCodes(program);
  return program;
}
