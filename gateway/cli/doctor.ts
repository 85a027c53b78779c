import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BluepostError } from "../../protocol/errors.ts";
import { DAY_MS } from "../../protocol/units.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { systemProbe } from "../../runtime/linux-time-sync.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import type { GatewayConfig } from "../config.ts";
import { EngineHttps } from "../delivery/engine-https.ts";
import { chainPem } from "../registry/device-bundle.ts";
import { spoolFile } from "../spool/spool-file.ts";
import { type ClockQuality, clockQuality } from "../time/clock-watch.ts";
import { checkBroker } from "./broker-finding.ts";
import { type CommonFlags, configOf, print } from "./flags.ts";
import { askStatus } from "./status.ts";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly note: string;
}

const LOW_DISK_BYTES = 500_000_000;
const RENEW_DAYS = 30;
/** Kiosks renew theirs 30 days before their end, and a bundle takes a journey. */
const NEW_BUNDLE_DAYS = 90;

/** Checks certificates, clock, disk, spool file, broker, engine and the running service. @returns 0 when all is well, else 1 */
export async function doctor(flags: CommonFlags): Promise<number> {
  const config = configOf(flags);
  const findings = await Promise.all([
    checkCertificate(config),
    checkClock(config),
    checkSiteCertificate(config),
    checkDisk(config),
    checkSpool(config),
    checkBroker(config),
    checkEngine(config),
    checkService(config),
  ]);
  const ok = findings.every((finding) => finding.ok);
  print(
    flags,
    { ok, findings },
    findings.map((one) => `${one.ok ? "ok  " : "BAD "} ${one.what}: ${one.note}`),
  );
  return ok ? EXIT.ok : EXIT.failure;
}

async function checkCertificate({ dataDir }: GatewayConfig): Promise<Finding> {
  const what = "certificate";
  try {
    const certificate = new X509Certificate(await readFile(join(dataDir, "gateway.crt.pem")));
    const days = Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY_MS);
    if (Date.parse(certificate.validFrom) > Date.now()) {
      return {
        what,
        ok: false,
        note: "not valid yet: set this machine's clock; if it is right, say time.trusted = true and restart",
      };
    }
    return { what, ok: days > RENEW_DAYS, note: `${certificate.subject}, valid for ${days} more days` };
  } catch {
    return { what, ok: false, note: "not there yet: start the gateway once with --site-bundle DIR" };
  }
}

const KEPT_BY: Readonly<Record<Exclude<ClockQuality["keptBy"], "nothing">, string>> = {
  settings: "trusted by the settings (time)",
  ntp: "kept by time servers",
  rtc: "kept by a clock with a battery",
};

async function checkClock({ time }: GatewayConfig): Promise<Finding> {
  const what = "clock";
  const { keptBy, uncertaintyMs } = await clockQuality(time, systemProbe, Date.now());
  const within = `kiosks hear that it is right within ${(uncertaintyMs / 1_000).toFixed(1)} s`;
  if (keptBy !== "nothing") return { what, ok: true, note: `${KEPT_BY[keptBy]}; ${within}` };
  const advice = "switch on time servers (timedatectl set-ntp true, or chrony), or fit a clock with a battery";
  return {
    what,
    ok: false,
    note: `nothing keeps it; ${within} (with more than half an hour no minutes of contact count); ${advice}`,
  };
}

async function checkSiteCertificate({ dataDir }: GatewayConfig): Promise<Finding> {
  const what = "site certificate";
  try {
    const certificate = new X509Certificate(await readFile(join(dataDir, "authority.crt.pem")));
    const days = Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY_MS);
    const note = `${certificate.subject}, valid for ${days} more days`;
    if (days > NEW_BUNDLE_DAYS) return { what, ok: true, note };
    return { what, ok: false, note: `${note}: get a new bundle (engine keys site), start once with --site-bundle DIR` };
  } catch {
    return { what, ok: false, note: "not there yet: start the gateway once with --site-bundle DIR" };
  }
}

async function checkDisk({ dataDir }: GatewayConfig): Promise<Finding> {
  const what = "disk";
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const note = `${Math.round(free / 1e6)} MB free in ${dataDir}`;
    return { what, ok: free > LOW_DISK_BYTES, note: free > LOW_DISK_BYTES ? note : `${note}; make room` };
  } catch {
    return { what, ok: false, note: `${dataDir} is not there; it is made at first start` };
  }
}

async function checkSpool(config: GatewayConfig): Promise<Finding> {
  const what = "spool";
  try {
    const db = await Database.open({ file: spoolFile(config), readOnly: true });
    try {
      const row = await db.get<{ quick_check: string }>("PRAGMA quick_check(1)");
      const sound = row?.quick_check === "ok";
      return { what, ok: sound, note: sound ? "sound" : "DAMAGED: stop the gateway and keep the file" };
    } finally {
      await db.close();
    }
  } catch (fault) {
    return { what, ok: false, note: fault instanceof BluepostError ? fault.message : "cannot be read" };
  }
}

async function checkEngine({ engine, dataDir }: GatewayConfig): Promise<Finding> {
  const what = "engine";
  const signal = AbortSignal.timeout(5_000);
  try {
    if (engine.url.startsWith("https:")) {
      const text = (name: string): string => readFileSync(join(dataDir, name), "utf8");
      const { root: ca } = JSON.parse(text("trust.json")) as { root: string };
      const cert = chainPem(text("gateway.crt.pem"), text("authority.crt.pem"));
      const https = new EngineHttps(() => ({ key: text("gateway.key.pem"), cert, ca }));
      await https.ask(new URL("/healthz", engine.url), { method: "GET", signal });
    } else await fetch(engine.url, { signal, redirect: "manual" });
    return { what, ok: true, note: `answers at ${engine.url}` };
  } catch {
    return { what, ok: false, note: `no answer from ${engine.url}; check engine.url and the network` };
  }
}

async function checkService({ http }: GatewayConfig): Promise<Finding> {
  const what = "service";
  const status = await askStatus(http.port);
  if (!status) return { what, ok: false, note: `no gateway answers on port ${http.port}; start it` };
  return { what, ok: true, note: `runs, ${status.devices.length} devices heard of` };
}
