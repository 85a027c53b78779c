import { connect } from "node:tls";
import { BluepostError } from "../../protocol/errors.ts";
import { RENEW_BEFORE_MS } from "../../protocol/http/renewal.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";
import type { KioskConfig } from "../config.ts";
import type { DeviceBundle } from "../provision/bundle.ts";
import { askTime, findGateway, Refused } from "../provision/gateway-link.ts";
import { endsAt, pinOf } from "../provision/renew.ts";
import { measureFlush, SLOW_FLUSH_MS } from "../self-test/flush-time.ts";

/** One line of `doctor`. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about a red line. */
  readonly fix?: string;
}

/** A clock that is off by more than this makes check-ins that nobody can match. */
const CLOCK_OFF_MS = 60_000;
const CONNECT_MS = 5_000;

/** Tries what a kiosk needs of its surroundings, without disturbing one that runs: disk, clock, gateway, papers. Never throws. */
export async function selfTest(config: KioskConfig, bundle: DeviceBundle | null): Promise<readonly Finding[]> {
  const here = [testDisk(config.dataDir)];
  const there = bundle === null ? [] : [testPapers(bundle), testClock(bundle), testGateway(bundle)];
  return Promise.all([...here, ...there]);
}

async function testDisk(dataDir: string): Promise<Finding> {
  const check = "disk";
  try {
    const { medianMs, slowestMs } = await measureFlush(dataDir);
    const detail = `a flush takes ${medianMs.toFixed(1)} ms, the slowest ${slowestMs.toFixed(1)} ms`;
    if (medianMs <= SLOW_FLUSH_MS) return { check, ok: true, detail };
    return { check, ok: false, detail, fix: "replace the card by one of endurance class; see hardware/docs" };
  } catch {
    const fix = "check that the data partition is mounted, has room, and belongs to the kiosk's user";
    return { check, ok: false, detail: `cannot write in ${dataDir}`, fix };
  }
}

async function testPapers({ tls }: DeviceBundle): Promise<Finding> {
  const check = "certificate";
  const leftMs = endsAt(tls.cert) - Date.now();
  const detail = `valid for ${Math.floor(leftMs / DAY_MS)} more days`;
  if (leftMs > RENEW_BEFORE_MS - 2 * DAY_MS) return { check, ok: true, detail };
  return {
    check,
    ok: false,
    detail,
    fix: "it renews by itself once the gateway answers; see the lines of the gateway",
  };
}

async function testClock(bundle: DeviceBundle): Promise<Finding> {
  const check = "time";
  const pin = pinOf(bundle);
  if (!pin) return { check, ok: true, detail: "asked over MQTT only: the bundle names no HTTP of the gateway" };
  try {
    const gateway = await findGateway(pin);
    const askedMs = Date.now();
    const trueMs: WallMs = await askTime(gateway, nodeCrypto);
    const offMs = Math.round((askedMs + Date.now()) / 2 - trueMs);
    const detail = `this clock is ${offMs} ms off the gateway's`;
    if (Math.abs(offMs) <= CLOCK_OFF_MS) return { check, ok: true, detail };
    return { check, ok: false, detail, fix: "start the kiosk: it sets the clock; or `sudo date -s` by hand" };
  } catch (fault) {
    const reason = fault instanceof Refused || fault instanceof BluepostError ? fault.message : "failed";
    const fix = "check cable, Wi-Fi, the gateway, and that its port for HTTP is open";
    return { check, ok: false, detail: `no signed time from ${pin.url} (${reason})`, fix };
  }
}

/** A TLS session with the gateway's broker, as this kiosk, and no more: CONNECT would take the running kiosk's session away. */
async function testGateway({ site, gateway, trust, tls }: DeviceBundle): Promise<Finding> {
  const check = "gateway";
  const where = `${gateway.host}:${gateway.port}`;
  const startedMs = performance.now();
  const fault = await new Promise<string | null>((resolve) => {
    const socket = connect({
      host: gateway.host,
      port: gateway.port,
      servername: gatewayName(site),
      ca: trust.root,
      key: tls.key,
      cert: tls.cert,
      timeout: CONNECT_MS,
    });
    const end = (reason: string | null): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.once("secureConnect", () => end(null));
    socket.once("timeout", () => end("timeout"));
    socket.once("error", (cause: NodeJS.ErrnoException) => end(cause.code ?? "failed"));
  });
  if (fault === null) {
    return { check, ok: true, detail: `${where} answers in ${Math.round(performance.now() - startedMs)} ms` };
  }
  const fix = /CERT/.test(fault)
    ? "a clock or certificate is wrong: see those lines"
    : "check cable, Wi-Fi and the gateway";
  return { check, ok: false, detail: `${where}: ${fault}`, fix };
}
