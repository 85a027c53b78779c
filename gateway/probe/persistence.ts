import { spawn } from "node:child_process";
import { forget, open, type ProbeBench } from "./checks.ts";
import type { Finding } from "./findings.ts";
import type { ProbeClient } from "./mqtt-client.ts";

const COUNT = 500;
const RESTART_TIMEOUT_MS = 120_000;
const RETRY_MS = 200;
/** Brokers that redeliver by a timer need time after a restart. */
const ARRIVAL_MS = 40_000;
/** A broker that forgot the session will not deliver; it gets this long all the same. */
const FORGOTTEN_MS = 2_000;

/** What the restart of the broker showed. */
export interface Persistence {
  readonly finding: Finding;
  readonly puback: string;
}

/** Without a restart nothing can be said. */
export const NOT_TRIED: Persistence = {
  finding: {
    check: "persistence",
    verdict: "note",
    seen: "not tried: give --restart-command with a command that kills and restarts this broker",
  },
  puback: "unknown; count it as nothing until a restart was tried",
};

/**
 * Publishes to a session that is away, has the broker restarted right after the last PUBACK, and counts what is left.
 *
 * @param command given to the shell; it must end when the broker is being started again
 */
export async function checkPersistence(bench: ProbeBench, command: string): Promise<Persistence> {
  const topic = `${bench.branch}/persistence`;
  await forget(bench);
  const first = await open(bench, 1, { keep: true });
  await first.subscribe(topic);
  await first.end();
  const from = await open(bench, 0);
  const acks = await Promise.all(Array.from({ length: COUNT }, (_, n) => from.publish(topic, String(n))));
  const acked = acks.flatMap((came, n) => (came ? [String(n)] : []));
  const code = await runShell(command);
  await from.end();
  if (code !== 0) return unclear(`the restart command ended with ${code}`);
  const second = await comeBack(bench);
  if (!second) return unclear(`the broker did not come back within ${RESTART_TIMEOUT_MS / 1_000} s`);
  const had = (): Set<string> => new Set(second.messages.map(({ text }) => text));
  await second.until(() => acked.every((n) => had().has(n)), second.connack.sessionPresent ? ARRIVAL_MS : FORGOTTEN_MS);
  const kept = had();
  await second.end();
  await forget(bench);
  return verdict(acked.length, acked.filter((n) => !kept.has(n)).length);
}

function verdict(acked: number, lost: number): Persistence {
  const check = "persistence";
  if (lost === 0)
    return {
      finding: { check, verdict: "good", seen: `all ${acked} acknowledged messages were there after the restart` },
      puback: "survived this restart; a power cut was not tried",
    };
  const percent = Math.round((lost / acked) * 100);
  return {
    finding: {
      check,
      verdict: "bad",
      seen: `${lost} of ${acked} acknowledged messages (${percent} %) were LOST: kiosks send them again, later; switch persistence on`,
    },
    puback: "nothing: this broker forgets what it acknowledged",
  };
}

function unclear(seen: string): Persistence {
  return { finding: { check: "persistence", verdict: "bad", seen }, puback: "unknown; count it as nothing" };
}

async function comeBack(bench: ProbeBench): Promise<ProbeClient | null> {
  const deadline = performance.now() + RESTART_TIMEOUT_MS;
  while (performance.now() < deadline) {
    try {
      return await open(bench, 1, { keep: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // it is still starting
    }
  }
  return null;
}

function runShell(command: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ["ignore", "ignore", "inherit"] });
    child.once("exit", (code) => resolve(code ?? 1)); // not "close": what it started may hold its output open
    child.once("error", () => resolve(127));
  });
}
