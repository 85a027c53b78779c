#!/usr/bin/env node
import { Command } from "commander";
import { inspectDevices } from "../firmware/rpi/inspect-devices.ts";
import { readHome } from "../firmware/rpi/linux-identity.ts";
import { setSystemClock } from "../firmware/rpi/set-system-clock.ts";
import { EXIT, reportFault, runService } from "../runtime/lifecycle.ts";
import { packageVersion } from "../runtime/package-paths.ts";
import { registerBundle } from "./cli/bundle.ts";
import { type CommonFlags, configOf, registerLookCommands, withConfig } from "./cli/commands.ts";
import { registerDecode } from "./cli/decode.ts";
import { registerIdentify } from "./cli/identify.ts";
import { registerStickCommands } from "./cli/outbox.ts";
import { registerProvision } from "./cli/provision.ts";
import { diskFacts } from "./start/devices.ts";
import { startKiosk } from "./start/start.ts";

const program = new Command("bluepost-kiosk")
  .description("The check-in kiosk at a venue's door")
  .version(packageVersion())
  .showHelpAfterError("(--help shows every command)")
  .exitOverride((fault) => process.exit(fault.exitCode === 0 ? EXIT.ok : EXIT.usage));
withConfig(program.command("start").description("run the kiosk until it is stopped (Ctrl-C)")).action(
  async (flags: CommonFlags) => {
    await runService(() => startKiosk(configOf(flags)));
  },
);
registerStickCommands(registerLookCommands(program, inspectDevices), readHome);
registerDecode(program);
registerIdentify(program);
registerBundle(program, { inspect: inspectDevices, disk: diskFacts });
registerProvision(program, setSystemClock);

try {
  await program.parseAsync();
} catch (fault) {
  process.exit(reportFault(fault));
}
