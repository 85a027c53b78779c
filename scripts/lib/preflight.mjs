import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { EXIT, giveUp } from "./root.mjs";

const OLDEST_NODE = { major: 20, minor: 19 };

/** What compiles sqlite3 where its ready-made binary cannot be had: each tool with the programs that serve as it. */
const TOOL_CHAIN = [
  { tool: "a C++ compiler", programs: ["g++", "c++", "clang++"], debian: "g++" },
  { tool: "make", programs: ["make", "gmake"], debian: "make" },
  { tool: "Python 3", programs: ["python3", "python"], debian: "python3" },
];

/** Whether a program of this name is on the PATH. */
export function onPath(program) {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => endings.some((ending) => isExecutable(join(folder, program + ending))));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: both mean "look in the next folder"
  }
}

/** Whether this Node is new enough. @param version as process.versions.node gives it */
export function nodeServes(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor);
}

/** Checks Node and npm; ends the process with 69 and says what to install when one does not serve. */
export function preflight() {
  const problems = [];
  if (!nodeServes(process.versions.node)) {
    problems.push(
      `Node ${process.versions.node} is too old: ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or newer is needed.`,
    );
  }
  if (!onPath("npm")) problems.push("npm is missing. It comes with Node; on Debian: apt-get install npm");
  if (problems.length > 0) giveUp(EXIT.unavailable, "Bluepost cannot start on this machine:", ...problems);
}

/** The tools that are missing to compile sqlite3, one line each with the Debian package; empty when it can be compiled. */
export function missingToolChain(has = onPath) {
  return TOOL_CHAIN.filter(({ programs }) => !programs.some(has)).map(
    ({ tool, debian }) => `${tool} is missing. On Debian: apt-get install ${debian}`,
  );
}
