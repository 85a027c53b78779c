import { BluepostError } from "../protocol/errors.ts";
import { ConfigError } from "./config.ts";

/** Exit codes of every command (DESIGN section 9; the numbers are those of BSD sysexits). */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 64,
  unavailable: 69,
  bug: 70,
  notPermitted: 77,
  configuration: 78,
} as const;

/** Something that runs until it is closed. */
export interface Running {
  close(): Promise<void>;
}

/** Tells whoever started this process that it serves: one JSON line on standard output. */
export function announceReady(part: string, fields: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify({ event: "ready", part, pid: process.pid, ...fields })}\n`);
}

/**
 * Runs a service until SIGINT or SIGTERM, closes it, and exits. The only place of the product that ends the process.
 *
 * Exit code 78 for a wrong configuration (each problem on a line of its own), 69 for another known fault, 70 for a bug.
 */
export async function runService(start: (signal: AbortSignal) => Promise<Running>): Promise<never> {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
  try {
    const running = await start(stop.signal);
    await stopped;
    stop.abort();
    await running.close();
    process.exit(EXIT.ok);
  } catch (fault) {
    process.exit(reportFault(fault));
  }
}

/** Says on standard error what went wrong and returns the exit code for it. */
export function reportFault(fault: unknown): number {
  if (fault instanceof ConfigError) {
    process.stderr.write(`The configuration is wrong:\n${fault.problems.map((line) => `  - ${line}`).join("\n")}\n`);
    return EXIT.configuration;
  }
  if (fault instanceof BluepostError) {
    process.stderr.write(`${fault.code}: ${fault.message}\n  See hardware/docs/errors.md for what to do.\n`);
    return EXIT.unavailable;
  }
  process.stderr.write(`A bug: ${fault instanceof Error ? (fault.stack ?? fault.message) : "unknown"}\n`);
  return EXIT.bug;
}
