import { DEFAULT_GATES, type FinishedSession, SessionTable } from "../../kiosk/app.ts";
import { type HeardAdvertisement, parseAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { BoottimeMs, Dbm } from "../../protocol/units.ts";
import { type CapturedPacket, readBtsnoop } from "../air/btsnoop.ts";
import { type AdvertisingReport, reportsOf } from "../air/reports.ts";

/** Silence that ends a session of a capture, milliseconds: a phone that records listens without pause. */
const GAP_MS = 120_000;
const KINDS = ["kiosk", "token", "gaen", "bluezone"] as const;

export type HeardKind = (typeof KINDS)[number];

/** What the product makes of a capture. Counts only, unless identifiers were asked for. */
export interface CaptureReport {
  readonly packets: number;
  readonly reports: number;
  /** Reports that answer an active scan; a kiosk never reads them. */
  readonly scanResponses: number;
  /** Reports of anything else: headphones, watches, beacons of others. */
  readonly unknown: number;
  /** Reports that the product understood, and different identifiers among them. */
  readonly found: Readonly<Record<HeardKind, { readonly reports: number; readonly identifiers: number }>>;
  /** Sessions as a kiosk with default gates would record them. */
  readonly sessions: { readonly recorded: number; readonly passersBy: number };
  /** Identifiers whose bytes stand in no report as they are: must be 0. */
  readonly invented: number;
  /** Identifiers as hex, by kind. */
  readonly identifiers?: Readonly<Record<HeardKind, readonly string[]>>;
}

/**
 * Feeds the advertising reports of a capture to the product's parser and its folding.
 *
 * @param options.reveal also names the identifiers
 * @throws {NotBtsnoopError} SIM_NOT_BTSNOOP
 */
export function replayBtsnoop(file: Uint8Array, options: { readonly reveal?: boolean } = {}): CaptureReport {
  const table = new SessionTable({ gates: DEFAULT_GATES, gapMs: GAP_MS });
  const tally = new Tally();
  let firstUs: bigint | null = null;
  for (const { packet, atUs } of inOrder(readBtsnoop(file))) {
    firstUs ??= atUs;
    tally.packets += 1;
    const atMs = Number((atUs - firstUs) / 1_000n) as BoottimeMs;
    for (const report of reportsOf(packet)) {
      const heard = tally.add(report);
      if (heard && heard.kind !== "kiosk")
        table.hear({ ...sightingOf(heard, heard.kind, report.rssi as Dbm), firstMs: atMs, lastMs: atMs });
    }
    table.endSilent(atMs);
  }
  table.endAll();
  const recorded = table.takeFinished();
  const { finished, passersBy } = table.counts;
  return {
    ...tally.report(recorded),
    sessions: { recorded: finished, passersBy },
    ...(options.reveal && { identifiers: tally.identifiers() }),
  };
}

/** Times of a capture may step back a little, where a phone set its clock; the product's boot time never does. */
function* inOrder(packets: Iterable<CapturedPacket>): Generator<CapturedPacket> {
  let latestUs = 0n;
  for (const one of packets) {
    if (one.atUs > latestUs) latestUs = one.atUs;
    yield { ...one, atUs: latestUs };
  }
}

function sightingOf(
  heard: Exclude<HeardAdvertisement, { kind: "kiosk" }>,
  scheme: FinishedSession["scheme"],
  rssi: Dbm,
): Omit<FinishedSession, "firstMs" | "lastMs"> {
  return {
    scheme,
    id: heard.id,
    n: 1,
    rssiMax: rssi,
    rssiMean: rssi,
    txPower: heard.kind === "token" ? heard.txPower : null,
    metadata: heard.kind === "gaen" ? heard.metadata : null,
  };
}

class Tally {
  packets = 0;
  #reports = 0;
  #scanResponses = 0;
  #unknown = 0;
  readonly #counts = new Map<HeardKind, number>();
  readonly #ids = new Map<HeardKind, Map<string, boolean>>();

  /** @returns what the product understands of it */
  add({ payload, isScanResponse }: AdvertisingReport): HeardAdvertisement | null {
    this.#reports += 1;
    if (isScanResponse) {
      this.#scanResponses += 1;
      return null;
    }
    const heard = parseAdvertisement(payload);
    if (!heard) {
      this.#unknown += 1;
      return null;
    }
    this.#counts.set(heard.kind, (this.#counts.get(heard.kind) ?? 0) + 1);
    const ids = this.#ids.get(heard.kind) ?? new Map<string, boolean>();
    this.#ids.set(heard.kind, ids);
    const id = toHex(heard.id);
    ids.set(id, toHex(payload).includes(id));
    return heard;
  }

  report(recorded: readonly FinishedSession[]): Omit<CaptureReport, "sessions"> {
    const count = (kind: HeardKind): { reports: number; identifiers: number } => ({
      reports: this.#counts.get(kind) ?? 0,
      identifiers: this.#ids.get(kind)?.size ?? 0,
    });
    const strayed = recorded.filter(({ scheme, id }) => !this.#ids.get(scheme)?.get(toHex(id))).length;
    const misread = [...this.#ids.values()].flatMap((ids) => [...ids.values()]).filter((stood) => !stood).length;
    return {
      packets: this.packets,
      reports: this.#reports,
      scanResponses: this.#scanResponses,
      unknown: this.#unknown,
      found: { kiosk: count("kiosk"), token: count("token"), gaen: count("gaen"), bluezone: count("bluezone") },
      invented: strayed + misread,
    };
  }

  identifiers(): Record<HeardKind, string[]> {
    const of = (kind: HeardKind): string[] => [...(this.#ids.get(kind)?.keys() ?? [])];
    return { kiosk: of("kiosk"), token: of("token"), gaen: of("gaen"), bluezone: of("bluezone") };
  }
}
