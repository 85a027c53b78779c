import {
  checkAccess,
  checkDelivery,
  checkPacket,
  checkProtocol,
  checkRedelivery,
  checkRetained,
  checkSession,
  checkSharing,
  checkWill,
  type ProbeBench,
} from "./checks.ts";
import type { CheckName, Finding, ProbeReport } from "./findings.ts";
import { ProbeRefusedError } from "./mqtt-client.ts";
import { checkPersistence, NOT_TRIED } from "./persistence.ts";

const CHECKS_IN_ORDER: readonly (readonly [CheckName, (bench: ProbeBench) => Promise<Finding>])[] = [
  ["delivery", checkDelivery],
  ["redelivery", checkRedelivery],
  ["session", checkSession],
  ["retained", checkRetained],
  ["will", checkWill],
  ["sharing", checkSharing],
  ["packet", checkPacket],
  ["access", checkAccess],
];

export interface ProbePlan {
  readonly url: string;
  readonly bench: ProbeBench;
  /** Shell command that kills and restarts the broker; null leaves that check out. */
  readonly restartCommand: string | null;
  /** Told the name of each check before it runs. */
  readonly progress: (check: CheckName) => void;
}

/**
 * Finds out what a broker does, one check after the other, and cleans up behind itself.
 *
 * @throws {ProbeRefusedError} GW_PROBE_REFUSED when the broker cannot be reached, or refuses the first connection
 */
export async function probeBroker({ url, bench, restartCommand, progress }: ProbePlan): Promise<ProbeReport> {
  progress("protocol");
  const findings: Finding[] = [await checkProtocol(bench)];
  for (const [check, run] of CHECKS_IN_ORDER) {
    progress(check);
    findings.push(await run(bench).catch((fault: unknown) => broken(check, fault)));
  }
  progress("persistence");
  const persistence = restartCommand === null ? NOT_TRIED : await checkPersistence(bench, restartCommand);
  findings.push(persistence.finding);
  return { url, suitable: findings.every(({ verdict }) => verdict !== "bad"), puback: persistence.puback, findings };
}

/** A connection was refused in the middle of a check. */
function broken(check: CheckName, fault: unknown): Finding {
  if (fault instanceof ProbeRefusedError) return { check, verdict: "bad", seen: fault.message };
  throw fault;
}
