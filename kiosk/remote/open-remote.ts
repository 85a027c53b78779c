import { join } from "node:path";
import type { KioskConfig } from "../config.ts";
import { localSettingsOf } from "../provision/settings.ts";
import { makeSupportBundle, type SupportSources } from "../support/support-bundle.ts";
import { fileNote } from "./note-store.ts";
import type { RemoteDeps } from "./remote-control.ts";

/** What this machine can do when it is asked from afar. */
export interface RemoteMachine extends Omit<SupportSources, "config" | "nowMs"> {
  /** Restarts it; resolves once that is certain to happen. */
  readonly reboot: () => Promise<void>;
}

/** The remote end of a kiosk on a real machine: its notes are files beside the ledger, never in it. */
export function openRemote(config: KioskConfig, machine: RemoteMachine): RemoteDeps {
  return {
    settings: fileNote(join(config.dataDir, "settings.json")),
    commands: fileNote(join(config.dataDir, "commands.json")),
    local: localSettingsOf(config),
    reboot: async () => void (await machine.reboot()),
    bundle: async () => {
      const body = await makeSupportBundle({ ...machine, config, nowMs: Date.now() });
      return { data: Buffer.from(body).toString("base64") };
    },
  };
}
