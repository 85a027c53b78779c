import { spawn } from "node:child_process";
import { constants } from "node:os";
import { root } from "./root.mjs";

/**
 * Runs one program in the repository's root with our own standard streams and passes Ctrl-C and TERM on to it.
 *
 * @param options.env   variables added to ours
 * @param options.quiet whether its standard output goes to our standard error, so that ours stays free for an answer
 * @returns its exit code; 128 + the signal's number when a signal ended it; 127 when it could not be started
 */
export function runProgram(program, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["inherit", quiet ? 2 : "inherit", "inherit"],
      env: { ...process.env, ...env },
      shell: process.platform === "win32" && program === "npm",
    });
    // A terminal sends Ctrl-C to the whole group: the child answers it, and this process waits for the child's code.
    const onInterrupt = () => undefined;
    const onTerminate = () => child.kill("SIGTERM");
    process.on("SIGINT", onInterrupt);
    process.on("SIGTERM", onTerminate);
    const end = (code) => {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
      resolve(code);
    };
    child.once("error", () => end(127));
    child.once("exit", (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Runs a program of node_modules by its JavaScript file, which works the same on every system. */
export const runNode = (file, args, options) => runProgram(process.execPath, [file, ...args], options);
