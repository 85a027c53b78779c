// npm run -s bench -- NAME [--json] [--quick]: measures one thing; the last line of the output is one JSON object.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { BENCHES } from "./lib/benches.mjs";
import { CODE, copyDataFiles, whenStale } from "./lib/build.mjs";
import { prepare } from "./lib/part.mjs";
import { EXIT, giveUp, inRoot, say } from "./lib/root.mjs";
import { runNode } from "./lib/spawn.mjs";

const OPTIONS = ["--json", "--quick"];
const given = process.argv.slice(2);
const [name, ...more] = given.filter((word) => !OPTIONS.includes(word));
if (!Object.hasOwn(BENCHES, name ?? "") || more.length > 0) {
  const list = Object.entries(BENCHES).map(([bench, answers]) => `  ${bench.padEnd(10)}${answers}`);
  giveUp(EXIT.usage, "Usage: npm run -s bench -- NAME [--json] [--quick]", ...list);
}
if (!existsSync(inRoot(`test/bench/${name}.bench.ts`)))
  giveUp(EXIT.unavailable, `The bench ${name} is not written yet.`);

await prepare();
await whenStale({
  name: "bench",
  inputs: ["test/bench", "test/support", ...CODE],
  make: async () => {
    const compiler = inRoot("node_modules/typescript/bin/tsc");
    const code = await runNode(compiler, ["-p", "test/bench/tsconfig.json"], { quiet: true });
    for (const folder of CODE) copyDataFiles(folder, "dist/bench");
    return code;
  },
});

const { run } = await import(pathToFileURL(inRoot(`dist/bench/test/bench/${name}.bench.js`)).href);
const { rows, result } = await run({ quick: given.includes("--quick"), progress: (line) => say(`  ${line}`) });
if (!given.includes("--json")) for (const line of rows) console.log(line);
console.log(JSON.stringify(result));
process.exit(EXIT.ok);
