import { statfs } from "node:fs/promises";
import type { FleetView } from "../../protocol/http/fleet-view.ts";
import { readCertificate } from "../../runtime/certificate-reader.ts";
import type { SiteRegistry } from "../registry/site-registry.ts";
import type { RecentEvent } from "../status/counters.ts";
import type { GatewayStatus } from "../status/status.ts";
import type { FleetStore } from "./fleet-store.ts";
import { fleetView } from "./fleet-view.ts";

/** What the fleet page and the metrics are read from. */
export interface ViewerDeps {
  readonly gateway: {
    status(): Promise<GatewayStatus>;
    readonly recentEvents: readonly RecentEvent[];
    readonly fleet: { readonly store: FleetStore };
  };
  readonly registry: Pick<SiteRegistry, "list">;
  readonly dataDir: string;
  /** The gateway's certificate as it is now, PEM. */
  readonly certificatePem: () => string;
  readonly nowMs: () => number;
}

/** Looks at everything once. @throws {StoreError} RT_STORE_FAILED when the spool or the registry cannot be read */
export async function lookAtFleet(deps: ViewerDeps): Promise<{ status: GatewayStatus; view: FleetView }> {
  const { gateway, registry, dataDir, nowMs } = deps;
  const status = await gateway.status();
  const view = await fleetView({
    status,
    registered: await registry.list(),
    store: gateway.fleet.store,
    events: gateway.recentEvents,
    nowMs: nowMs(),
    diskFreeBytes: await freeBytes(dataDir),
    certificateEndsMs: readCertificate(deps.certificatePem()).notAfterMs,
  });
  return { status, view };
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null; // not known: shown as such
  }
}
