// npm run -s kiosk|gateway|engine|sim -- ARGS: one part's command line, built first when a source has changed.
import { runPart } from "./lib/part.mjs";
import { EXIT, giveUp } from "./lib/root.mjs";

const PARTS = ["kiosk", "gateway", "engine", "sim"];
const [part, ...args] = process.argv.slice(2);
if (!PARTS.includes(part)) giveUp(EXIT.usage, `Usage: node scripts/run.mjs ${PARTS.join("|")} [ARGS]`);
await runPart(part, args);
