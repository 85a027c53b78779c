/** Loaded before a product process: its wall clock is off by what a file says, as a machine's is whose clock was set wrong. */
import { readFileSync, watchFile } from "node:fs";

const file = process.env["BLUEPOST_SIM_CLOCK"];
if (file !== undefined) {
  const trueNow = Date.now.bind(Date);
  let offsetMs = 0;
  const read = (): void => {
    try {
      offsetMs = Number(readFileSync(file, "latin1")) || 0;
    } catch {
      offsetMs = 0; // nobody has set it yet
    }
  };
  read();
  watchFile(file, { interval: 250, persistent: false }, read);
  Date.now = () => trueNow() + offsetMs;
}
