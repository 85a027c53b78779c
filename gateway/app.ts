import { join } from "node:path";
import { Checkpointer } from "../runtime/sqlite/checkpointer.ts";
import { Database } from "../runtime/sqlite/database.ts";
import { migrate } from "../runtime/sqlite/migrate.ts";
import { FleetStore } from "./fleet/fleet-store.ts";
import type { Gateway, GatewayDeps } from "./gateway.ts";
import { SiteGateway } from "./site-gateway.ts";
import { lockSpool, spoolFile } from "./spool/spool-file.ts";

export type {
  Admission,
  BrokerEvents,
  DeviceBroker,
  DeviceSession,
  PublishedLeaf,
  SendOptions,
  Violation,
} from "./broker/device-broker.ts";
export { type GatewayConfig, loadGatewayConfig } from "./config.ts";
export { EngineAnswerError, type EngineClient, EngineUnreachableError } from "./delivery/engine-client.ts";
export type { FleetDesk } from "./fleet/fleet-desk.ts";
export type { Gateway, GatewayDeps } from "./gateway.ts";
export {
  addDevice,
  createDeviceBundle,
  type DeviceBundle,
  type DoorPlan,
  writeDeviceBundle,
} from "./registry/device-bundle.ts";
export { createGatewayIdentity, type GatewayIdentity, type SiteBundle } from "./registry/identity.ts";
export { type NewDevice, type RegisteredDevice, SiteRegistry } from "./registry/site-registry.ts";
export type { GatewayStatus } from "./status/status.ts";

const SPOOL_MIGRATIONS = join(import.meta.dirname, "spool/migrations");

/** The index has one busy page a stream, in every commit: copied out every four megabytes, each would be written twice as often. */
const CHECKPOINT_BYTES = 16 << 20;
/** When copying beside the writer cannot keep up. */
const MAX_LOG_PAGES = 32_000;

/**
 * Opens this process's spool in `config.dataDir`, takes up delivery where it stood, and lets devices in.
 *
 * @throws {SpoolInUseError} GW_SPOOL_IN_USE, {StoreError} RT_STORE_FAILED, {StoreCorruptError} RT_STORE_CORRUPT or {BrokerUnavailableError} GW_BROKER_UNAVAILABLE
 */
export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const file = spoolFile(deps.config);
  const unlock = await lockSpool(file);
  try {
    return await openGateway(deps, file, unlock);
  } catch (fault) {
    await unlock();
    throw fault;
  }
}

async function openGateway(deps: GatewayDeps, file: string, unlock: () => Promise<void>): Promise<Gateway> {
  const { synchronous } = deps.config.spool;
  const db = await Database.open({
    file,
    synchronous: synchronous === "FULL" ? "DATA" : synchronous, // every write is in a transaction
    walAutocheckpoint: MAX_LOG_PAGES,
  });
  let reader: Database | null = null;
  let fleet: FleetStore | null = null;
  let checkpointer: Checkpointer | null = null;
  try {
    await migrate(db, SPOOL_MIGRATIONS);
    reader = await Database.open({ file, readOnly: true });
    checkpointer = await Checkpointer.open(db, { everyBytes: CHECKPOINT_BYTES });
    fleet = await FleetStore.open(join(deps.config.dataDir, "fleet.db"), deps.crypto);
    const app = new SiteGateway(deps, { db, reader, checkpointer, fleet, unlock });
    await app.open();
    return app;
  } catch (fault) {
    await fleet?.close();
    await checkpointer?.close();
    await reader?.close();
    await db.close();
    throw fault;
  }
}
