// node scripts/wiring.mjs [--check]: writes hardware/wiring from hardware/pinout.json, and the enclosure's drawing from its table;
// --check only says whether they are up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { enclosurePicture, enclosureProblems } from "./lib/enclosure.mjs";
import { EXIT, giveUp, inRoot, say } from "./lib/root.mjs";
import { wiringPicture, wiringTable } from "./lib/wiring.mjs";

const pinout = JSON.parse(readFileSync(inRoot("hardware/pinout.json"), "utf8"));
const enclosure = JSON.parse(readFileSync(inRoot("hardware/enclosure/enclosure.json"), "utf8"));
const problems = enclosureProblems(enclosure);
if (problems.length > 0) giveUp(EXIT.failure, ...problems);
const pages = {
  "hardware/wiring/wiring.md": wiringTable(pinout),
  "hardware/wiring/wiring.svg": wiringPicture(pinout),
  "hardware/enclosure/enclosure.svg": enclosurePicture(enclosure),
};
const isCheck = process.argv.includes("--check");

for (const [path, text] of Object.entries(pages)) {
  if (!isCheck) writeFileSync(inRoot(path), text);
  else if (read(path) !== text) giveUp(EXIT.failure, `${path} is not what its table says: node scripts/wiring.mjs`);
}
say(isCheck ? "The wiring guide is up to date." : "Wrote the wiring guide.");

function read(path) {
  try {
    return readFileSync(inRoot(path), "utf8");
  } catch {
    return null; // not made yet
  }
}
