import { mkdir } from "node:fs/promises";
import type { Indicator } from "../../firmware/ports/indicator.ts";
import { readModel } from "../../firmware/rpi/linux-identity.ts";
import { NmcliWifi } from "../../firmware/rpi/nmcli-wifi.ts";
import { openRadio } from "../../firmware/rpi/open-radio.ts";
import { SerialByteLine } from "../../firmware/rpi/serial-byte-line.ts";
import { setSystemClock } from "../../firmware/rpi/set-system-clock.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { announceReady, type Running, reportFault } from "../../runtime/lifecycle.ts";
import type { ProcessLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { packageVersion, pageRoot } from "../../runtime/package-paths.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { KioskConfig } from "../config.ts";
import { bundleDirOf } from "../provision/bundle.ts";
import { ImprovDesk } from "../provision/improv/improv-desk.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { SetUp } from "../provision/set-up.ts";
import { setUpStateOf } from "../provision/settings.ts";
import { identifier } from "../remote/door-settings.ts";
import { createScreenModel, type ScreenModel } from "../screen/screen-model.ts";
import { createScreenServer } from "../screen/screen-server.ts";
import { openScanner } from "./devices.ts";

/** What lives through set-up and service. */
export interface Lamps {
  readonly log: ProcessLogger;
  readonly indicator: Indicator;
}

/**
 * Waits for a setup code; once there is one that holds, the kiosk serves in this same process.
 *
 * @param serve starts the service with the papers that are there now
 */
export async function startSetUp(config: KioskConfig, parts: Lamps, serve: () => Promise<Running>): Promise<Running> {
  const { log, indicator } = parts;
  const folder = bundleDirOf(config);
  await mkdir(config.dataDir, { recursive: true });
  const systemWall = (): WallMs => Date.now() as WallMs;
  const provisioner = await Provisioner.open({ crypto: nodeCrypto, folder, systemWall, setClock: setSystemClock });
  const model = createScreenModel(setUpStateOf(config), systemTimers);
  const setParty = async (): Promise<{ ok: boolean }> => ({ ok: false });
  const identify = identifier({ indicator, screen: model }, systemTimers);
  const server = createScreenServer({
    model,
    webRoot: pageRoot("kiosk"),
    log: log.child("screen"),
    setParty,
    identify,
  });
  const screen = await server.listen(config.screen);
  const scanner = openScanner(config, log, () => Math.floor(performance.now()) as BoottimeMs);
  const logger = log.child("setup");
  const { setupFile: seedFile } = config;
  const setUp = new SetUp({
    provisioner,
    folder,
    seedFile,
    scanner,
    screen: model,
    indicator,
    timers: systemTimers,
    logger,
  });
  const improv = await openImprov(config, { ...parts, screen: model, device: provisioner.device });
  const stop = new AbortController();
  let serving: Running | null = null;
  const run = async (): Promise<void> => {
    const done = await setUp.run(stop.signal);
    await server.close();
    await improv.close(); // before the kiosk takes the same adapter for its beacon
    if (done) serving = await serve();
  };
  const kiosk = run().catch((fault: unknown) => process.exit(reportFault(fault)));
  announceReady("kiosk", { state: "setup", device: provisioner.device, screen });
  return {
    check: async () => (await serving?.check?.()) ?? null,
    async close() {
      stop.abort();
      await kiosk;
      await (serving ?? indicator).close();
    },
  };
}

/** Speed of the cable to a laptop, baud; a USB line ignores it. Source: improv-wifi.com's own client. */
const IMPROV_BAUD = 115_200;

/** Takes a Wi-Fi from a phone or a laptop, where the configuration says so. The radio of a kiosk without papers is for this alone. */
async function openImprov(
  { improv, radio: { adapter } }: KioskConfig,
  { log, indicator, screen, device }: Lamps & { readonly screen: ScreenModel; readonly device: string },
): Promise<{ close(): Promise<void> }> {
  const logger = log.child("improv");
  const timers = systemTimers;
  const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
  const choice = { sendAdapter: improv.bluetooth ? adapter : null, listenAdapter: null };
  const radio = openRadio(choice, { timers, logger, boottime });
  const { serial: path } = improv;
  const line = path === "off" ? null : new SerialByteLine({ path, baudRate: IMPROV_BAUD }, { timers, logger });
  const desk = new ImprovDesk({
    ...{ radio: radio.improv, line, wifi: new NmcliWifi(), indicator, screen, timers, logger },
    device: ["Bluepost", packageVersion(), await readModel(), device],
  });
  desk.open();
  return {
    async close() {
      await desk.close();
      await radio.close();
    },
  };
}
