import { arch, release, uptime } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BluepostError } from "../../protocol/errors.ts";
import { readCertificate } from "../../runtime/certificate-reader.ts";
import { faultFields } from "../../runtime/log.ts";
import { packageVersion } from "../../runtime/package-paths.ts";
import { readFileIfThere } from "../../runtime/safe-file.ts";
import { viewLedger } from "../cli/ledger-view.ts";
import type { KioskConfig } from "../config.ts";
import { readBundle } from "../provision/bundle.ts";
import { scrub } from "./scrub.ts";

/** One look at a part of the machine. */
export interface Look {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface SupportSources {
  readonly config: KioskConfig;
  readonly bundleDir: string;
  readonly nowMs: number;
  readonly inspect: (config: KioskConfig) => Promise<readonly Look[]>;
  /** Bytes left and written below a folder. */
  readonly disk: (folder: string) => Promise<object>;
  /** The last lines of the log, oldest first. */
  readonly log: () => Promise<readonly string[]>;
  /** Counters of the running service, if it is the one that asks. */
  readonly counters?: () => Readonly<Record<string, number>>;
}

/** What an answer to a command may hold, bytes of gzip; the log gives way. Source: protocol/mqtt/fleet.ts, CommandResult. */
const MAX_BYTES = 88_000;

/**
 * Makes a support bundle: versions, configuration, certificate, ledger sizes, settings from afar, devices, log. What cannot be read is
 * named with its fault instead. Nothing of a visitor is in any of these; the scrubber takes out what looks like it all the same.
 *
 * @returns gzip over JSON
 */
export async function makeSupportBundle(sources: SupportSources): Promise<Uint8Array> {
  const { config, nowMs } = sources;
  const dataDir = config.dataDir;
  const facts = {
    v: 1,
    madeAt: new Date(nowMs).toISOString(),
    versions: { bluepost: packageVersion(), node: process.version, kernel: release(), arch: arch() },
    machineUpSeconds: Math.round(uptime()),
    config: withoutSecrets(config),
    place: await trying(() => placeOf(sources.bundleDir)),
    ledger: await trying(() => viewLedger(dataDir)),
    disk: await trying(() => sources.disk(dataDir)),
    devices: await trying(() => sources.inspect(config)),
    settings: await trying(() => noteOf(join(dataDir, "settings.json"))),
    commands: await trying(() => noteOf(join(dataDir, "commands.json"))),
    counters: sources.counters?.() ?? null,
  };
  const lines = await trying(sources.log);
  let log: readonly string[] = Array.isArray(lines) ? lines : [];
  for (;;) {
    const text = JSON.stringify(scrub({ ...facts, log: log.map(logLine) }), null, 1);
    const bytes = gzipSync(text, { level: 9 });
    if (bytes.length <= MAX_BYTES || log.length === 0) return new Uint8Array(bytes);
    log = log.slice(Math.ceil(log.length / 2));
  }
}

async function trying<Value>(look: () => Promise<Value>): Promise<Value | object> {
  try {
    return await look();
  } catch (fault) {
    return fault instanceof BluepostError ? { fault: fault.code, why: fault.message } : faultFields(fault);
  }
}

async function placeOf(bundleDir: string): Promise<object> {
  const { site, device, venue, gate, gateway, tls } = await readBundle(bundleDir);
  const ends = new Date(readCertificate(tls.cert).notAfterMs).toISOString();
  return { site, device, venue, gate, gateway, certificateEnds: ends };
}

async function noteOf(file: string): Promise<unknown> {
  const text = await readFileIfThere(file);
  return text === null ? null : (JSON.parse(text) as unknown);
}

/** An address may hold a password. */
function withoutSecrets(config: KioskConfig): KioskConfig {
  const url = config.uplink.url.replace(/\/\/[^/@]*@/, "//[removed]@");
  return { ...config, uplink: { ...config.uplink, url } };
}

/** Only lines that our own log wrote: anything else may hold anything. */
function logLine(line: string): unknown {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null && "event" in entry ? entry : "[not a line of ours]";
  } catch {
    return "[not a line of ours]";
  }
}
