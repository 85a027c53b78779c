import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { WallMs } from "../../protocol/units.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { PROBE_WORKERS, probeBranch, workerName } from "../broker/external/access-rules.ts";
import { brokerAccess } from "../broker/external/settings.ts";
import type { GatewayConfig } from "../config.ts";
import type { ProbeBench } from "../probe/checks.ts";
import { CHECKS, describeReport } from "../probe/findings.ts";
import { ProbeRefusedError } from "../probe/mqtt-client.ts";
import { probeBroker } from "../probe/probe.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { openIdentityFiles } from "../registry/identity-files.ts";
import { argument, type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

interface ProbeFlags extends CommonFlags {
  readonly restartCommand?: string;
  readonly topics?: string;
}

/** Registers `probe`. */
export function registerProbe(program: Command): void {
  withConfig(program.command("probe"))
    .argument("<url>", "mqtt://host:1883 or mqtts://host:8883", argument(parseUrl, "mqtt://host or mqtts://host"))
    .description("find out what a broker's PUBACK is worth and what it can do; it kills nothing by itself")
    .option("--restart-command <command>", "kills and restarts that broker, to see what it forgets")
    .option("--topics <branch>", "topics to use; default: this site's own branch for it, else bluepost-probe")
    .action(guarded(probe));
}

async function probe(url: string, flags: ProbeFlags): Promise<number> {
  const config = configOf(flags);
  const identity = await ownIdentity(config);
  const bench = await makeBench(url, { config, identity, topics: flags.topics });
  try {
    const report = await probeBroker({
      url,
      bench,
      restartCommand: flags.restartCommand ?? null,
      progress: (check) => void (process.stderr.isTTY && console.error(`... ${CHECKS[check]}`)),
    });
    print(flags, report, describeReport(report));
    return report.suitable ? EXIT.ok : EXIT.failure;
  } catch (fault) {
    if (!(fault instanceof ProbeRefusedError)) throw fault;
    print(flags, { url, suitable: false, unreachable: String(fault.details["reason"]) }, [
      `No connection to ${url}: ${String(fault.details["reason"])}.`,
      "Check address and port, that the broker runs, and broker.caFile, broker.passwordFile and broker.certFile.",
    ]);
    return EXIT.unavailable;
  }
}

async function makeBench(
  url: string,
  from: {
    readonly config: GatewayConfig;
    readonly identity: GatewayIdentity | null;
    readonly topics: string | undefined;
  },
): Promise<ProbeBench> {
  const { config, identity, topics } = from;
  const access = await brokerAccess({ broker: { ...config.broker, url }, identity, now: () => Date.now() as WallMs });
  const nonce = randomBytes(4).toString("hex");
  const branch = topics ?? (identity ? probeBranch(identity.site) : "bluepost-probe");
  return {
    branch: `${branch}/${nonce}`,
    clientId: (client) =>
      identity ? workerName(identity.site, PROBE_WORKERS[client]) : `bluepost-${PROBE_WORKERS[client]}-${nonce}`,
    address: async (client) => ({
      url,
      login: access.login,
      tls: await access.tls(PROBE_WORKERS[client]),
      timeoutMs: config.mqtt.connectTimeoutMs,
    }),
  };
}

/** The gateway's identity when it has one: a broker can be probed before there is any. */
async function ownIdentity({ dataDir }: GatewayConfig): Promise<GatewayIdentity | null> {
  if (!existsSync(join(dataDir, "gateway.crt.pem"))) return null;
  return await openIdentityFiles(dataDir, { nowMs: Date.now() as WallMs });
}

function parseUrl(text: string): string {
  const { protocol, username, password } = new URL(text);
  if (!/^mqtts?:$/.test(protocol) || username !== "" || password !== "") throw new RangeError(text);
  return text;
}
