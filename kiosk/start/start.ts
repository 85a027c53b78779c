import { setTimeout as pause } from "node:timers/promises";
import { openIndicator } from "../../firmware/rpi/open-indicator.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { Running } from "../../runtime/lifecycle.ts";
import { createLogger } from "../../runtime/log.ts";
import { packageFile } from "../../runtime/package-paths.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { KioskConfig } from "../config.ts";
import { bundleDirOf } from "../provision/bundle.ts";
import { hasBundle } from "../provision/write-bundle.ts";
import { startService } from "./service.ts";
import { startSetUp } from "./set-up.ts";

/** Long enough to count a fault's blinks twice, milliseconds. */
const SHOW_START_FAULT_MS = 12_000;

/** Starts a kiosk; a fault that ends the start is shown on the lamps first, for whoever has no terminal. */
export async function startKiosk(config: KioskConfig): Promise<Running> {
  const log = createLogger({ part: "kiosk", level: config.logLevel });
  const indicator = await openIndicator(
    { ...config.indicator, pinoutPath: packageFile("hardware/pinout.json") },
    { timers: systemTimers, logger: log.child("indicator") },
  );
  const lamps = { log, indicator };
  try {
    if (!(await hasBundle(bundleDirOf(config))))
      return await startSetUp(config, lamps, () => startService(config, { ...lamps, isNew: true }));
    return await startService(config, lamps);
  } catch (fault) {
    if (fault instanceof BluepostError && config.indicator.kind !== "none") {
      indicator.show("fault", fault.code);
      await pause(SHOW_START_FAULT_MS);
    }
    await indicator.close();
    throw fault;
  }
}
