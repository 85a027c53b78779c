#!/usr/bin/env node
import { Command } from "commander";
import { EXIT, reportFault } from "../runtime/lifecycle.ts";
import { packageVersion } from "../runtime/package-paths.ts";
import { registerAir } from "./cli/air.ts";
import { registerLab } from "./cli/lab.ts";
import { registerReplay } from "./cli/replay.ts";
import { registerRun } from "./cli/run.ts";
import { registerSite } from "./cli/site.ts";

const program = new Command("bluepost-sim")
  .description("Real kiosks, gateway and engine over virtual hardware, people and time")
  .version(packageVersion())
  .showHelpAfterError("(--help shows every command)")
  .exitOverride((fault) => process.exit(fault.exitCode === 0 ? EXIT.ok : EXIT.usage));
registerRun(program);
registerSite(program);
registerLab(program);
registerAir(program);
registerReplay(program);

try {
  await program.parseAsync();
} catch (fault) {
  process.exit(reportFault(fault));
}
