// npm start: installs and builds what is missing, then runs a whole simulated site until Ctrl-C.
import { runPart } from "./lib/part.mjs";

await runPart("sim", ["site", ...process.argv.slice(2)]);
