import { join } from "node:path";
import { readHome } from "../../firmware/rpi/linux-identity.ts";
import { createDeviceBundle, type DeviceBundle, writeDeviceBundle } from "../../gateway/app.ts";
import type { CheckinLog } from "../../kiosk/app.ts";
import { openLedger } from "../../kiosk/ledger/open-ledger.ts";
import { toHex } from "../../protocol/bytes.ts";
import { parseDeviceId, parseVenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { PtyScanner } from "../../sim/devices/pty-scanner.ts";
import { makeAuthority } from "./batches.ts";
import type { TestSite } from "./gateway-site.ts";
import { freePort } from "./ports.ts";

/** What a kiosk process of its own needs, made beside its data. */
export interface KioskMaterials {
  readonly place: DeviceBundle["settings"];
  readonly scanner: PtyScanner;
  /** Address of its screen. */
  readonly screen: string;
  readonly args: readonly string[];
}

/** Makes bundle, scanner and arguments of a kiosk without a gateway in reach. @param home folder for them; `dataDir` may lie below it */
export async function kioskMaterials(
  site: TestSite,
  { home, dataDir, more = [] }: { readonly home: string; readonly dataDir: string; readonly more?: readonly string[] },
): Promise<KioskMaterials> {
  const bundleDir = join(home, "bundle");
  const plan = {
    venue: parseVenueId("7k3m9q2x"),
    venueName: "Cổng trường",
    gate: 0,
    gatewayHost: "127.0.0.1",
    gatewayPort: 9,
  };
  const order = { ...plan, device: parseDeviceId("door-1") };
  const bundle = await createDeviceBundle(site.identity, order, Date.now() as WallMs);
  const { match, vault } = (await makeAuthority()).sealing;
  const trust = { ...bundle.trust, matchKey: toHex(match), vaultKey: toHex(vault) };
  await writeDeviceBundle(bundleDir, { ...bundle, trust });
  const scanner = new PtyScanner({ link: join(home, "scanner") });
  scanner.plug();
  const port = await freePort();
  const settings = [
    `dataDir=${dataDir}`,
    `bundleDir=${bundleDir}`,
    `scanner.path=${scanner.link}`,
    `screen.port=${port}`,
    "logLevel=error",
    ...more,
  ];
  return { place: bundle.settings, scanner, screen: `http://127.0.0.1:${port}`, args: ["start", "-s", ...settings] };
}

/** Opens the ledger that such a kiosk left. */
export async function openLedgerOf({ place }: KioskMaterials, dataDir: string): Promise<CheckinLog> {
  return openLedger({
    folder: join(dataDir, "ledger"),
    crypto: nodeCrypto,
    site: place.site,
    device: place.device,
    home: await readHome(),
    log: silentLogger,
  });
}
