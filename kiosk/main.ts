#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import type { Indicator } from "../firmware/ports/indicator.ts";
import type { QrScanner } from "../firmware/ports/qr-scanner.ts";
import { findBluetoothAdapters } from "../firmware/rpi/bluetooth-adapters.ts";
import { CameraQrScanner } from "../firmware/rpi/camera-qr-scanner.ts";
import { inspectDevices } from "../firmware/rpi/inspect-devices.ts";
import { LinuxClock } from "../firmware/rpi/linux-clock.ts";
import { diskWear, freeBytes } from "../firmware/rpi/linux-disk.ts";
import { readHome, readModel } from "../firmware/rpi/linux-identity.ts";
import { rebootMachine } from "../firmware/rpi/linux-power.ts";
import { NmcliWifi } from "../firmware/rpi/nmcli-wifi.ts";
import { openIndicator } from "../firmware/rpi/open-indicator.ts";
import { openRadio } from "../firmware/rpi/open-radio.ts";
import { SerialByteLine } from "../firmware/rpi/serial-byte-line.ts";
import { SerialQrScanner } from "../firmware/rpi/serial-qr-scanner.ts";
import { setSystemClock } from "../firmware/rpi/set-system-clock.ts";
import { BluepostError } from "../protocol/errors.ts";
import type { BoottimeMs, WallMs } from "../protocol/units.ts";
import { readCertificate } from "../runtime/certificate-reader.ts";
import { diskCheck, diskOf } from "../runtime/disk-check.ts";
import { createDoorParser } from "../runtime/door-parser.ts";
import { readHc1Trust } from "../runtime/hc1-trust.ts";
import { announceReady, EXIT, type Running, reportFault, runService } from "../runtime/lifecycle.ts";
import { createLogger, type ProcessLogger, type RootLogger } from "../runtime/log.ts";
import { nodeCrypto } from "../runtime/node-crypto.ts";
import { packageFile, pageRoot } from "../runtime/package-paths.ts";
import { gatewayName } from "../runtime/pki/authority.ts";
import { pemToChain } from "../runtime/pki/chain.ts";
import { systemTimers } from "../runtime/timers.ts";
import { createKiosk, type Kiosk, type KioskDeps } from "./app.ts";
import { registerBundle } from "./cli/bundle.ts";
import { bundleDirOf, type CommonFlags, configOf, registerLookCommands, withConfig } from "./cli/commands.ts";
import { registerDecode } from "./cli/decode.ts";
import { registerIdentify } from "./cli/identify.ts";
import { registerStickCommands } from "./cli/outbox.ts";
import { registerProvision } from "./cli/provision.ts";
import type { KioskConfig } from "./config.ts";
import { kioskCheck } from "./health/function-check.ts";
import { openLedger } from "./ledger/open-ledger.ts";
import { type DeviceBundle, readBundle } from "./provision/bundle.ts";
import { ImprovDesk } from "./provision/improv/improv-desk.ts";
import { PaperKeeper } from "./provision/paper-keeper.ts";
import { Provisioner } from "./provision/provisioner.ts";
import { SetUp } from "./provision/set-up.ts";
import { policyOf, screenStateOf, setUpStateOf } from "./provision/settings.ts";
import { hasBundle } from "./provision/write-bundle.ts";
import { radioOrderOf } from "./radio/configured.ts";
import { identifier } from "./remote/door-settings.ts";
import { openRemote } from "./remote/open-remote.ts";
import { createScreenModel, type ScreenModel } from "./screen/screen-model.ts";
import { createScreenServer } from "./screen/screen-server.ts";
import { measureFlush } from "./self-test/flush-time.ts";
import { MqttTransport } from "./uplink/mqtt-transport.ts";

function openTransport(config: KioskConfig, bundle: DeviceBundle, clock: LinuxClock): MqttTransport {
  const { site, device, gateway, trust, tls } = bundle;
  const url = config.uplink.url || `mqtts://${gateway.host}:${gateway.port}`;
  const base = { url, site, device, boot: clock.now().bootId };
  if (url.startsWith("mqtt://")) return new MqttTransport(base);
  return new MqttTransport({ ...base, tls: { ...tls, ca: trust.root, serverName: gatewayName(site) } });
}

/** Long enough to count a fault's blinks twice, milliseconds. */
const SHOW_START_FAULT_MS = 12_000;

/** Starts a kiosk; a fault that ends the start is shown on the lamps first, for whoever has no terminal. */
async function start(config: KioskConfig): Promise<Running> {
  const log = createLogger({ part: "kiosk", level: config.logLevel });
  const indicator = await openIndicator(
    { ...config.indicator, pinoutPath: packageFile("hardware/pinout.json") },
    { timers: systemTimers, logger: log.child("indicator") },
  );
  try {
    if (!(await hasBundle(bundleDirOf(config)))) return await startWithoutPapers(config, { log, indicator });
    return await startWith(config, { log, indicator });
  } catch (fault) {
    if (fault instanceof BluepostError && config.indicator.kind !== "none") {
      indicator.show("fault", fault.code);
      await pause(SHOW_START_FAULT_MS);
    }
    await indicator.close();
    throw fault;
  }
}

/** Waits for a setup code; once there is one that holds, the kiosk starts in this same process. */
async function startWithoutPapers(config: KioskConfig, parts: Lamps): Promise<Running> {
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
    if (done) serving = await startWith(config, { ...parts, isNew: true });
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
    device: ["Bluepost", version(), await readModel(), device],
  });
  desk.open();
  return {
    async close() {
      await desk.close();
      await radio.close();
    },
  };
}

async function diskFacts(folder: string): Promise<object> {
  return { freeBytes: await freeBytes(folder), wear: await diskWear(folder) };
}

function openScanner(config: KioskConfig, log: RootLogger, boottime: () => BoottimeMs): QrScanner {
  const { kind, path, baudRate, camera } = config.scanner;
  const deps = { boottime, timers: systemTimers, logger: log.child("scanner") };
  if (kind === "camera") return new CameraQrScanner(camera, deps);
  const exclude = [config.indicator.path, config.improv.serial].filter((one) => one !== "" && one !== "off");
  return new SerialQrScanner({ path, baudRate, exclude }, deps);
}

/** The radio as the configuration wants it; a machine without one goes on without. */
async function openKioskRadio(
  config: KioskConfig,
  { trust }: DeviceBundle,
  deps: Parameters<typeof openRadio>[1],
): Promise<{ readonly parts: Pick<KioskDeps, "radio">; close(): Promise<void> }> {
  const order = radioOrderOf(config, trust, await findBluetoothAdapters());
  if (!order) return { parts: {}, close: async () => undefined };
  const radio = openRadio(order, deps);
  const { beacon, observer } = radio;
  return { parts: { radio: { beacon, observer, settings: order.settings } }, close: () => radio.close() };
}

/** What lives through set-up and service. */
interface Lamps {
  readonly log: ProcessLogger;
  readonly indicator: Indicator;
  /** It has just been set up: whoever did it wants to know whether all works. */
  readonly isNew?: boolean;
}

/** Wires the kiosk to the devices of this machine. */
async function startWith(config: KioskConfig, { log, indicator, isNew }: Lamps): Promise<Running> {
  const bundle = await readBundle(bundleDirOf(config));
  const clock = new LinuxClock({ timers: systemTimers });
  await clock.open();
  await mkdir(config.dataDir, { recursive: true });
  const ledger = await openLedger({
    folder: join(config.dataDir, "ledger"),
    crypto: nodeCrypto,
    site: bundle.site,
    device: bundle.device,
    home: await readHome(),
    log: log.child("ledger"),
    synchronous: config.storage.synchronous,
  });
  const scanner = openScanner(config, log, () => clock.now().boottimeMs);
  const radio = await openKioskRadio(config, bundle, {
    timers: systemTimers,
    logger: log.child("radio"),
    boottime: () => clock.now().boottimeMs,
  });
  const model = createScreenModel(screenStateOf(config, bundle), systemTimers);
  let kiosk: Kiosk | null = null;
  const server = createScreenServer({
    model,
    webRoot: pageRoot("kiosk"),
    log: log.child("screen"),
    setParty: async (request) => (await kiosk?.setParty(request)) ?? { ok: false },
    selfTest: (request) => kiosk?.selfTest(request),
    identify: identifier({ indicator, screen: model }, systemTimers),
  });
  const screen = await server.listen(config.screen);
  const signer = { ...bundle.signer };
  const transport = openTransport(config, bundle, clock);
  const papers = new PaperKeeper({
    ...{ crypto: nodeCrypto, timers: systemTimers, logger: log.child("papers"), bundle, clock },
    folder: bundleDirOf(config),
    online: () => kiosk?.status.online ?? false,
    systemWall: () => Date.now() as WallMs,
    setClock: setSystemClock,
    renewed: (cert) => {
      signer.chain = pemToChain(cert); // batches are signed with the new one from now on
      transport.useCertificate({ key: bundle.tls.key, cert });
    },
  });
  kiosk = await createKiosk({
    site: bundle.site,
    place: { venue: bundle.venue, gate: bundle.gate },
    policy: policyOf(config),
    trust: bundle.trust,
    signer,
    log: ledger,
    scanner,
    indicator,
    clock,
    transport,
    parser: await createDoorParser({
      ...bundle.trust,
      hc1Trust: config.hc1TrustFile ? await readHc1Trust(config.hc1TrustFile) : [],
    }),
    screen: model,
    timers: systemTimers,
    crypto: nodeCrypto,
    logger: log,
    reserveFile: join(config.dataDir, "reserve.bin"),
    ...radio.parts,
    remote: openRemote(config, {
      bundleDir: bundleDirOf(config),
      inspect: inspectDevices,
      disk: diskFacts,
      log: async () => log.tail(),
      counters: () => kiosk?.status.counters ?? {},
      reboot: rebootMachine,
    }),
    health: {
      version: version(),
      diskFreeBytes: () => freeBytes(config.dataDir),
      flushTime: () => measureFlush(config.dataDir),
      scannerPresent: () => scanner.status().present,
      wear: () => diskWear(config.dataDir),
      certificateEndsMs: () => readCertificate(papers.certificatePem).notAfterMs,
    },
  });
  announceReady("kiosk", { device: bundle.device, screen });
  const running = kiosk;
  papers.open();
  if (isNew) running.selfTest({ open: true });
  return {
    check: kioskCheck({
      ledgerAnswers: () => ledger.sizes(),
      disk: diskCheck(diskOf(config.dataDir), () => performance.now()),
      scannerPresent: () => scanner.status().present,
      nowMs: () => performance.now(),
    }),
    async close() {
      await papers.close();
      await server.close();
      await running.close();
      await radio.close();
      clock.close();
    },
  };
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
  return text;
}

const program = new Command("bluepost-kiosk")
  .description("The check-in kiosk at a venue's door")
  .version(version())
  .showHelpAfterError("(--help shows every command)")
  .exitOverride((fault) => process.exit(fault.exitCode === 0 ? EXIT.ok : EXIT.usage));
withConfig(program.command("start").description("run the kiosk until it is stopped (Ctrl-C)")).action(
  async (flags: CommonFlags) => {
    await runService(() => start(configOf(flags)));
  },
);
registerStickCommands(registerLookCommands(program, inspectDevices), readHome);
registerDecode(program);
registerIdentify(program);
registerBundle(program, { inspect: inspectDevices, disk: diskFacts });
registerProvision(program, setSystemClock);

try {
  await program.parseAsync();
} catch (fault) {
  process.exit(reportFault(fault));
}
