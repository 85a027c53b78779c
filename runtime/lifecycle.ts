import { BluepostError } from "../protocol/errors.ts";
import { ConfigError } from "./config.ts";
import { type FunctionCheck, keepWatch, type ServiceManager, takeServiceManager } from "./service-manager.ts";
import { SetupError } from "./setup-error.ts";
import { systemTimers } from "./timers.ts";

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
  /** Says what keeps it from its job, for the service manager's watchdog; absent: only the event loop is watched. */
  readonly check?: FunctionCheck;
  close(): Promise<void>;
}

/** Tells whoever started this process that it serves: one JSON line on standard output. */
export function announceReady(part: string, fields: Readonly<Record<string, string | number>>): void {
  process.stdout.write(`${JSON.stringify({ event: "ready", part, pid: process.pid, ...fields })}\n`);
}

/**
 * Runs a service until SIGINT or SIGTERM, closes it, and exits. The only place of the product that ends the process.
 * Under systemd it says when it serves, and goes on saying so for as long as {@link Running.check} finds nothing.
 *
 * Exit code 78 for a wrong configuration (each problem on a line of its own) or a {@link SetupError}, 69 for another known fault, 70 for
 * a bug.
 */
export async function runService(start: (signal: AbortSignal) => Promise<Running>): Promise<never> {
  const manager = takeServiceManager(process.env, process.pid);
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
  try {
    const running = await start(stop.signal);
    const stopWatch = await announceTo(manager, running);
    await stopped;
    stopWatch();
    void manager.notify("STOPPING=1");
    stop.abort();
    await running.close();
    process.exit(EXIT.ok);
  } catch (fault) {
    process.exit(reportFault(fault));
  }
}

async function announceTo(manager: ServiceManager, { check }: Running): Promise<() => void> {
  await manager.notify("READY=1", "STATUS=Serving.");
  return keepWatch(manager, {
    check: check ?? (async () => null),
    timers: systemTimers,
    withheld: (reason) => process.stderr.write(`The watchdog gets no sign of life: ${reason}\n`),
  });
}

/** Says on standard error what went wrong and returns the exit code for it. */
export function reportFault(fault: unknown): number {
  if (fault instanceof ConfigError) {
    process.stderr.write(`The configuration is wrong:\n${fault.problems.map((line) => `  - ${line}`).join("\n")}\n`);
    return EXIT.configuration;
  }
  if (fault instanceof BluepostError) {
    process.stderr.write(`${fault.code}: ${fault.message}\n  See hardware/docs/errors.md for what to do.\n`);
    return fault instanceof SetupError ? EXIT.configuration : EXIT.unavailable;
  }
  process.stderr.write(`A bug: ${fault instanceof Error ? (fault.stack ?? fault.message) : "unknown"}\n`);
  return EXIT.bug;
}
