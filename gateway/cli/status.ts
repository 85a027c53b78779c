import { EXIT } from "../../runtime/lifecycle.ts";
import type { GatewayStatus } from "../app.ts";
import { type CommonFlags, configOf, print } from "./flags.ts";

/** Asks the running gateway how it is. @returns 0, or 69 when none answers on this machine */
export async function showStatus(flags: CommonFlags): Promise<number> {
  const { http } = configOf(flags);
  const status = await askStatus(http.port);
  if (!status) {
    print(flags, { running: false }, [
      `No gateway answers on port ${http.port} of this machine.`,
      "Start one with: gateway start",
    ]);
    return EXIT.unavailable;
  }
  print(flags, { running: true, ...status }, describe(status));
  return EXIT.ok;
}

/** Reads `/status` of a gateway on this machine; null when none answers. */
export async function askStatus(port: number): Promise<GatewayStatus | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? ((await response.json()) as GatewayStatus) : null;
  } catch {
    return null; // nobody listens: the answer, not a fault
  }
}

function describe({
  site,
  version,
  uptimeMs,
  spool,
  engine,
  broker,
  devices,
  counters,
}: GatewayStatus): readonly string[] {
  const reachable =
    engine.engineReachable === null ? "not asked yet" : engine.engineReachable ? "answers" : "DOES NOT ANSWER";
  const alarms = Object.entries(counters).map(([name, n]) => `  ${name}: ${n}`);
  return [
    `site        ${site}, version ${version}, up for ${Math.round(uptimeMs / 3_600_000)} h`,
    `engine      ${reachable}, ${engine.deliveredBatches} batches delivered since start`,
    ...(broker ? [`broker      ${describeBroker(broker)}`] : []),
    `spool       ${spool.undelivered} of ${spool.batches} batches wait, the oldest for ${Math.round(spool.oldestUndeliveredMs / 1_000)} s`,
    `devices     ${devices.filter(({ connected }) => connected).length} connected of ${devices.length} heard of`,
    ...devices.map(describeDevice),
    ...(alarms.length > 0 ? ["events since start", ...alarms] : ["events      none since start"]),
  ];
}

function describeBroker({ connected, shares }: NonNullable<GatewayStatus["broker"]>): string {
  if (!connected) return "external, DOES NOT ANSWER: try `bluepost-gateway doctor`";
  return shares ? "external, connected, divides the batches among the gateway processes" : "external, connected";
}

function describeDevice({ device, connected, health }: GatewayStatus["devices"][number]): string {
  const link = connected ? "connected" : "NOT CONNECTED";
  if (!health) return `  ${device}: ${link}`;
  const { ledger, clock, scanner } = health;
  const unsent = ledger.unsent === 0 ? "all confirmed" : `${ledger.unsent} rows not confirmed`;
  return `  ${device}: ${link}, ${unsent}, clock ${clock.state}${scanner ? "" : ", NO SCANNER"}`;
}
