import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { inspectDevices } from "../../firmware/rpi/inspect-devices.ts";
import { LinuxClock } from "../../firmware/rpi/linux-clock.ts";
import { diskWear, freeBytes } from "../../firmware/rpi/linux-disk.ts";
import { readHome } from "../../firmware/rpi/linux-identity.ts";
import { rebootMachine } from "../../firmware/rpi/linux-power.ts";
import { setSystemClock } from "../../firmware/rpi/set-system-clock.ts";
import type { WallMs } from "../../protocol/units.ts";
import { readCertificate } from "../../runtime/certificate-reader.ts";
import { diskCheck, diskOf } from "../../runtime/disk-check.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { readHc1Trust } from "../../runtime/hc1-trust.ts";
import { announceReady, type Running } from "../../runtime/lifecycle.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { packageVersion, pageRoot } from "../../runtime/package-paths.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";
import { pemToChain } from "../../runtime/pki/chain.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { createKiosk, type Kiosk } from "../app.ts";
import type { KioskConfig } from "../config.ts";
import { kioskCheck } from "../health/function-check.ts";
import { openLedger } from "../ledger/open-ledger.ts";
import { bundleDirOf, type DeviceBundle, readBundle } from "../provision/bundle.ts";
import { PaperKeeper } from "../provision/paper-keeper.ts";
import { policyOf, screenStateOf } from "../provision/settings.ts";
import { identifier } from "../remote/door-settings.ts";
import { openRemote } from "../remote/open-remote.ts";
import { createScreenModel } from "../screen/screen-model.ts";
import { createScreenServer } from "../screen/screen-server.ts";
import { measureFlush } from "../self-test/flush-time.ts";
import { MqttTransport } from "../uplink/mqtt-transport.ts";
import { diskFacts, openKioskRadio, openScanner } from "./devices.ts";
import type { Lamps } from "./set-up.ts";

/**
 * Wires the kiosk to the devices of this machine, and serves.
 *
 * @param options.isNew it has just been set up: whoever did it wants to know whether all works
 */
export async function startService(
  config: KioskConfig,
  { log, indicator, isNew }: Lamps & { readonly isNew?: boolean },
): Promise<Running> {
  const bundle = await readBundle(bundleDirOf(config));
  const clock = new LinuxClock({ timers: systemTimers });
  await clock.open();
  await mkdir(config.dataDir, { recursive: true });
  const reserveFile = join(config.dataDir, "reserve.bin");
  const ledger = await openLedger({
    folder: join(config.dataDir, "ledger"),
    reserveFile,
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
    reserveFile,
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
      version: packageVersion(),
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
      ledgerAnswers: () => ledger.probe(),
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

function openTransport(config: KioskConfig, bundle: DeviceBundle, clock: LinuxClock): MqttTransport {
  const { site, device, gateway, trust, tls } = bundle;
  const url = config.uplink.url || `mqtts://${gateway.host}:${gateway.port}`;
  const base = { url, site, device, boot: clock.now().bootId };
  if (url.startsWith("mqtt://")) return new MqttTransport(base);
  return new MqttTransport({ ...base, tls: { ...tls, ca: trust.root, serverName: gatewayName(site) } });
}
