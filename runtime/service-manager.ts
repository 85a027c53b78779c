import { execFile } from "node:child_process";
import { every, type Timers } from "./timers.ts";

/** Whoever started this process and wants to hear how it is: systemd, or nobody. */
export interface ServiceManager {
  /** Longest silence that it bears, milliseconds; null when it does not watch. */
  readonly watchdogMs: number | null;
  /**
   * Sends assignments such as `READY=1`. Resolves when the manager has read them.
   *
   * @returns false when they could not be sent; then the manager acts by its own time-out
   */
  notify(...assignments: readonly string[]): Promise<boolean>;
}

/** Runs a program and says whether it ended with 0. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<boolean>;

const NOTIFY_TIMEOUT_MS = 10_000;

/**
 * Takes the manager's address out of the environment, so that no child process answers in our place.
 *
 * Node has no datagram sockets of the Unix kind, so `systemd-notify` speaks for us; it waits until the manager has read the
 * message, since the manager must find the sender alive to know its unit. The unit needs `NotifyAccess=all`.
 *
 * Source: sd_notify(3), systemd-notify(1), systemd 252: "Use of `--no-block` is only recommended when ...".
 *
 * @param env is changed: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are deleted
 */
export function takeServiceManager(env: NodeJS.ProcessEnv, pid: number, run: RunProgram = runProgram): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: micros, WATCHDOG_PID: watched } = env;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
  const isOurs = watched === undefined || Number(watched) === pid;
  const watchdogMs = isOurs && Number(micros) > 0 ? Number(micros) / 1_000 : null;
  if (!socket) return { watchdogMs: null, notify: async () => false };
  const childEnv = { NOTIFY_SOCKET: socket, PATH: env["PATH"] ?? "/usr/bin:/bin" };
  return { watchdogMs, notify: (...assignments) => run("systemd-notify", assignments, childEnv) };
}

function runProgram(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env: { ...env }, timeout: NOTIFY_TIMEOUT_MS }, (fault) => resolve(fault === null));
  });
}

/** Says in a few words what keeps a service from its job, or null when it does it. No identities, no secrets. */
export type FunctionCheck = () => Promise<string | null>;

/**
 * Gives the manager its sign of life three times in the span it allows, each time only when the check says that the service does its job.
 *
 * A check that hangs, an event loop that hangs and a check that finds something all end in the same silence: the manager restarts the
 * service. The reason stands in the unit's status line.
 *
 * @param withheld told once for each new reason
 * @returns a function that stops it
 */
export function keepWatch(
  manager: ServiceManager,
  deps: { readonly check: FunctionCheck; readonly timers: Timers; readonly withheld: (reason: string) => void },
): () => void {
  if (manager.watchdogMs === null) return () => {};
  let isBusy = false;
  let shown: string | null = null;
  const look = async (): Promise<void> => {
    const reason = await deps.check().catch(() => "the check itself failed");
    if (reason === null) await manager.notify("WATCHDOG=1", "STATUS=Serving.");
    else await manager.notify(`STATUS=Not serving: ${reason}`);
    if (reason !== null && reason !== shown) deps.withheld(reason);
    shown = reason;
  };
  return every(deps.timers, manager.watchdogMs / 3, () => {
    if (isBusy) return;
    isBusy = true;
    void look().finally(() => {
      isBusy = false;
    });
  });
}
