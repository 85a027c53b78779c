// Commands whose issue is still open say so instead of failing with a missing file.
import { EXIT, giveUp } from "./lib/root.mjs";

const COMING = {
  lab: "the simulator's lab on a virtual machine comes with its own issue; `npm start` runs a simulated site today.",
};
const name = process.argv[2] ?? "";
const coming = COMING[name];
if (coming === undefined) giveUp(EXIT.usage, `Usage: node scripts/not-yet.mjs ${Object.keys(COMING).join("|")}`);
giveUp(EXIT.unavailable, `npm run ${name}: not there yet: ${coming}`);
