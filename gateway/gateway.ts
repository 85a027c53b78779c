import type { CryptoPort } from "../protocol/crypto-port.ts";
import type { WallMs } from "../protocol/units.ts";
import type { RootLogger } from "../runtime/log.ts";
import type { Timers } from "../runtime/timers.ts";
import type { DeviceBroker } from "./broker/device-broker.ts";
import type { GatewayConfig } from "./config.ts";
import type { EngineClient } from "./delivery/engine-client.ts";
import type { FleetDesk } from "./fleet/fleet-desk.ts";
import type { GatewayIdentity } from "./registry/identity.ts";
import type { SiteRegistry } from "./registry/site-registry.ts";
import type { Stick } from "./spool/import-desk.ts";
import type { RecentEvent } from "./status/counters.ts";
import type { GatewayStatus } from "./status/status.ts";
import type { SignedClock } from "./time/signed-clock.ts";

/** Everything that a gateway is made of; the composition roots (gateway/main.ts and sim) choose the adapters. */
export interface GatewayDeps {
  readonly config: GatewayConfig;
  readonly identity: GatewayIdentity;
  /** Stays the caller's to close. */
  readonly registry: SiteRegistry;
  readonly broker: DeviceBroker;
  readonly engine: EngineClient;
  readonly crypto: CryptoPort;
  readonly now: () => WallMs;
  /** How far off `now` may be, milliseconds, null while it is surely wrong; default: always `time.syncedUncertaintyMs`. */
  readonly uncertaintyMs?: () => number | null;
  readonly timers: Timers;
  /** How often files are looked at that the command line writes too, milliseconds; default 1,000. */
  readonly lookEveryMs?: number;
  /** Uniform in [0, 1), for the spread of retries. */
  readonly random: () => number;
  readonly log: RootLogger;
}

/** A running gateway. */
export interface Gateway {
  readonly clock: SignedClock;
  readonly fleet: FleetDesk;
  status(): Promise<GatewayStatus>;
  /** Takes batches that come by USB stick, and gives the receipts to carry back. */
  readonly stick: Stick;
  /** Alarms and broken rules, the latest first. */
  readonly recentEvents: readonly RecentEvent[];
  /** Resolves when the spool answers and can be trusted. @throws {StoreError} RT_STORE_FAILED, {StoreCorruptError} RT_STORE_CORRUPT */
  probe(): Promise<void>;
  /** Resolves when nothing waits for a commit, no request to the engine is under way and no look at the registry. */
  idle(): Promise<void>;
  /** Ends all sessions, finishes the commit under way and closes the spool. */
  close(): Promise<void>;
}
