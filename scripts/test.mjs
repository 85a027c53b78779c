// npm test [-- vitest's arguments]: installs and builds when needed, then runs every suite that this machine can run.
import { prepare } from "./lib/part.mjs";
import { runSuites } from "./lib/vitest.mjs";

await prepare();
process.exit(await runSuites(process.argv.slice(2)));
