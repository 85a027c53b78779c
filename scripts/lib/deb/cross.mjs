// Compiles the native modules that bring no ready-made binary for another processor.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { onPath } from "../preflight.mjs";
import { inRoot, say } from "../root.mjs";

/** Prefix of the tools that compile for a processor, by Debian's name of it. */
const TOOLS = { arm64: "aarch64-linux-gnu-", amd64: "x86_64-linux-gnu-" };
const DEBIAN_PACKAGES = { arm64: "g++-aarch64-linux-gnu", amd64: "g++-x86-64-linux-gnu" };

/** Name of a tool of the chain for a processor, for example its strip. */
export const crossTool = (architecture, name) => `${TOOLS[architecture]}${name}`;

/** What is missing to compile for a processor, or null. */
export function whyNoCross(architecture) {
  const missing = ["gcc", "g++", "strip"].map((name) => crossTool(architecture, name)).filter((name) => !onPath(name));
  if (missing.length > 0) return `${missing[0]} is missing (Debian: apt-get install ${DEBIAN_PACKAGES[architecture]})`;
  return headers() === null ? "the headers of this Node are missing (folder include/node beside it)" : null;
}

/** Folder that holds include/node. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? prefix : null;
}

/**
 * Compiles every package that has a binding.gyp and no ready-made binary for the processor.
 *
 * @param packages  from runtimePackages()
 * @param processor Debian's and Node's name
 * @param folder    where to work; the results stay below it
 * @returns full paths of the compiled modules by their path in the repository
 */
export function compileFor({ packages, processor, folder }) {
  const native = {};
  for (const { at, name } of packages) {
    if (!existsSync(inRoot(at, "build/Release")) || !existsSync(inRoot(at, "binding.gyp"))) continue;
    say(`Compiling ${name} for ${processor.debian} ...`);
    const home = mkdtempSync(join(folder, "cross-"));
    const copy = join(home, "package");
    mkdirSync(copy);
    symlinkSync(inRoot("node_modules"), join(home, "node_modules"));
    cpSync(inRoot(at), copy, { recursive: true, filter: (path) => !path.startsWith(inRoot(at, "build")) });
    const fault = compile(copy, processor);
    if (fault !== null) throw new Error(`${name} cannot be compiled for ${processor.debian}: ${fault}`);
    for (const file of readdirSync(join(copy, "build/Release")).filter((entry) => entry.endsWith(".node")))
      native[`${at}/build/Release/${file}`] = join(copy, "build/Release", file);
  }
  return native;
}

function compile(folder, { debian, node }) {
  const tool = (name) => crossTool(debian, name);
  const { status, stderr } = spawnSync(
    process.execPath,
    [inRoot("node_modules/node-gyp/bin/node-gyp.js"), "rebuild", `--arch=${node}`, `--nodedir=${headers()}`],
    {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 64 << 20,
      env: { ...process.env, CC: tool("gcc"), CXX: tool("g++"), LINK: tool("g++"), AR: tool("ar") },
    },
  );
  return status === 0 ? null : stderr.trim().split("\n").slice(-5).join(" ");
}
