// npm run deb -- [--out DIR] [--node FILE] [--repo DIR --key ID] [--verify]: a Debian package with everything in it.
import { parseArgs } from "node:util";
import { buildDeb, sourceDate } from "./lib/deb/build.mjs";
import { addToRepository } from "./lib/deb/repository.mjs";
import { SUITES, verifyIn, whyNoRoots } from "./lib/deb/verify.mjs";
import { prepare } from "./lib/part.mjs";
import { EXIT, giveUp, inRoot, say } from "./lib/root.mjs";

const USAGE = `npm run deb -- [options]
  --out DIR      folder for the package; default dist/deb
  --node FILE    Node to bring along; default: the one that runs this. One for arm64 makes a package for arm64
                 (cross compiler: apt-get install g++-aarch64-linux-gnu)
  --fast         compress less: for a trial, not for a repository
  --repo DIR     also put it into the apt repository in DIR, made when absent
  --key ID       sign repository and package with this gpg key
  --verify       install it in clean Debian 12 and 13 roots and run its doctor there (root, debootstrap)`;

function readOptions() {
  try {
    return parseArgs({
      options: {
        out: { type: "string", default: inRoot("dist/deb") },
        node: { type: "string", default: process.execPath },
        fast: { type: "boolean", default: false },
        repo: { type: "string" },
        key: { type: "string" },
        verify: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (fault) {
    return giveUp(EXIT.usage, fault.message, USAGE);
  }
}

const options = readOptions();
if (options.help) giveUp(EXIT.ok, USAGE);
if (options.key !== undefined && options.repo === undefined) giveUp(EXIT.usage, "--key needs --repo", USAGE);
await prepare();
const built = await buildDeb(options);
if (built.kind === "skipped") {
  say(`skipped: ${built.reason}`);
  process.exit(EXIT.ok);
}
say(`Built ${built.file} (${(built.bytes / 1e6).toFixed(1)} MB).`);
if (options.repo !== undefined) {
  addToRepository(built.file, { folder: options.repo, key: options.key, date: sourceDate() });
  const how = options.key === undefined ? "unsigned: apt will refuse it; give --key" : `signed with ${options.key}`;
  say(`Put it into the repository ${options.repo} (${how}).`);
}
if (options.verify) verify(built.file);
console.log(built.file);

function verify(file) {
  const reason = whyNoRoots();
  if (reason !== null) return say(`verify skipped: ${reason}`);
  let failures = 0;
  for (const suite of SUITES) {
    const result = verifyIn(suite, file);
    if (result.kind === "ok") for (const check of result.checks) say(`ok   ${suite}: ${check}`);
    else if (result.kind === "skipped") say(`skipped: ${suite}: ${result.reason}`);
    else {
      failures += 1;
      say(`BAD  ${suite}: ${result.what}\n${result.output}`);
    }
  }
  if (failures > 0) giveUp(EXIT.failure, `${failures} of ${SUITES.length} roots failed.`);
}
