// npm run nightly: the suites of `npm test` with their long counts (100 kills, 200 power cuts, three seeds).
import { prepare } from "./lib/part.mjs";
import { runSuites } from "./lib/vitest.mjs";

await prepare();
process.exit(await runSuites(process.argv.slice(2), { BLUEPOST_NIGHTLY: "1" }));
