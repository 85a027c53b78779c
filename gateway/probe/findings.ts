/** What one check came to. `note`: it works otherwise than one might think, or was not tried. */
export type Verdict = "good" | "note" | "bad";

/** One line of the report. */
export interface Finding {
  readonly check: CheckName;
  readonly verdict: Verdict;
  /** What was seen, with numbers; for a bad one also what to do. */
  readonly seen: string;
}

export const CHECKS = {
  protocol: "MQTT versions",
  access: "who may connect",
  delivery: "QoS 1 delivery",
  redelivery: "redelivery without PUBACK",
  session: "session survives a reconnect",
  retained: "retained messages",
  will: "last will",
  sharing: "shared subscriptions",
  packet: "longest packet",
  persistence: "acknowledged messages survive a restart",
} as const;
export type CheckName = keyof typeof CHECKS;

/** The whole report. */
export interface ProbeReport {
  readonly url: string;
  /** Whether Bluepost can work with this broker. */
  readonly suitable: boolean;
  /** What a PUBACK of this broker is worth, in one sentence. */
  readonly puback: string;
  readonly findings: readonly Finding[];
}

/** The report as lines for a person. */
export function describeReport({ url, suitable, puback, findings }: ProbeReport): readonly string[] {
  const width = Math.max(...findings.map(({ check }) => CHECKS[check].length));
  const mark: Readonly<Record<Verdict, string>> = { good: "ok  ", note: "note", bad: "BAD " };
  return [
    `Broker ${url}`,
    ...findings.map(({ check, verdict, seen }) => `${mark[verdict]}  ${CHECKS[check].padEnd(width)}  ${seen}`),
    `PUBACK: ${puback}`,
    suitable ? "Suitable for Bluepost." : "NOT suitable for Bluepost: see the lines marked BAD.",
  ];
}
