import { existsSync } from "node:fs";
import { join } from "node:path";
import { BluepostError } from "../../protocol/errors.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { PROBE_WORKERS, workerName } from "../broker/external/access-rules.ts";
import { brokerAccess } from "../broker/external/settings.ts";
import type { GatewayConfig } from "../config.ts";
import { ProbeClient } from "../probe/mqtt-client.ts";
import { openIdentityFiles } from "../registry/identity-files.ts";

/** One line of `doctor`. */
export interface BrokerFinding {
  readonly what: "broker";
  readonly ok: boolean;
  readonly note: string;
}

const RENEW_DAYS = 30;

/** Looks whether the external broker lets this gateway in, and how long its certificate lasts. */
export async function checkBroker({ broker, dataDir, mqtt }: GatewayConfig): Promise<BrokerFinding> {
  const what = "broker";
  if (broker.url === "") return { what, ok: true, note: "embedded" };
  const nowMs = Date.now() as WallMs;
  try {
    const identity = existsSync(join(dataDir, "gateway.crt.pem")) ? await openIdentityFiles(dataDir, { nowMs }) : null;
    const access = await brokerAccess({ broker, identity, now: () => nowMs });
    const [name] = PROBE_WORKERS;
    const client = await ProbeClient.open(
      { url: broker.url, login: access.login, tls: await access.tls(name), timeoutMs: mqtt.connectTimeoutMs },
      { clientId: identity ? workerName(identity.site, name) : `bluepost-${name}` },
    );
    const endsAt = client.certificateEndsAt;
    await client.end();
    if (endsAt === null) return { what, ok: true, note: `${broker.url} lets this gateway in` };
    const days = Math.floor((endsAt - nowMs) / DAY_MS);
    const note = `${broker.url} lets this gateway in; its certificate is valid for ${days} more days`;
    return days > RENEW_DAYS ? { what, ok: true, note } : { what, ok: false, note: `${note}: run broker-config again` };
  } catch (fault) {
    if (!(fault instanceof BluepostError)) throw fault;
    return { what, ok: false, note: `${broker.url}: ${fault.message}; try: bluepost-gateway probe ${broker.url}` };
  }
}
