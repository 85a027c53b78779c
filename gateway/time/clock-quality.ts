import { existsSync } from "node:fs";

/** How far the gateway trusts its own clock. */
export interface ClockQualitySettings {
  /** File whose presence says that the system clock is synchronised, as systemd-timesyncd keeps one; empty: always trusted. */
  readonly syncFile: string;
  /** Milliseconds, while synchronised. */
  readonly syncedUncertaintyMs: number;
  /** Milliseconds, while not. */
  readonly unsyncedUncertaintyMs: number;
}

/** How far off this machine's clock may be, milliseconds. */
export function clockUncertaintyMs(settings: ClockQualitySettings): number {
  const synced = settings.syncFile === "" || existsSync(settings.syncFile);
  return synced ? settings.syncedUncertaintyMs : settings.unsyncedUncertaintyMs;
}
