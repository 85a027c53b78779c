import type { WifiCredentials } from "../../protocol/improv/rpc.ts";
import type { Dbm } from "../../protocol/units.ts";
import type { DeviceStatus } from "./qr-scanner.ts";

/** How a network protects itself. */
export type WifiSecurity = "none" | "wep" | "wpa" | "wpa2" | "wpa3";

/** A network that the machine hears. Its name may not be logged: it often is a person's. */
export interface WifiNetwork {
  readonly ssid: string;
  readonly rssi: Dbm;
  readonly security: WifiSecurity;
}

/** What listening for networks came to; `reason` is for a technician and names no network. */
export type WifiScan =
  | { readonly kind: "networks"; readonly networks: readonly WifiNetwork[] }
  | { readonly kind: "unavailable"; readonly reason: string };

/** What joining a network came to. */
export type WifiJoin =
  | { readonly kind: "joined" }
  | { readonly kind: "failed"; readonly why: "not_found" | "refused" | "timeout" | "unusable" | "other" };

/** The machine's Wi-Fi, as far as a set-up needs it. Nothing here throws for what a network does. */
export interface WifiSetup {
  /** Whether there is a Wi-Fi that can be set up; else why not. */
  status(): Promise<DeviceStatus>;
  /** Networks in reach, in any order; one name may come several times. */
  scan(signal: AbortSignal): Promise<WifiScan>;
  /** Joins a network, and keeps it for the next start. When it fails or `signal` aborts, the machine is as it was before. */
  join(credentials: WifiCredentials, signal: AbortSignal): Promise<WifiJoin>;
}
