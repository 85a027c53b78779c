import type { BeaconRx, BeaconTx, Sighting } from "../../firmware/ports/beacon.ts";
import type { DeviceClock, DeviceTime } from "../../firmware/ports/device-clock.ts";
import { type HeardAdvertisement, parseAdvertisement } from "../../protocol/beacon/advertisement.ts";
import type { RadioScheme } from "../../protocol/checkin/presence.ts";
import type { SealingKeys } from "../../protocol/checkin/sealing.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { VenueId } from "../../protocol/ids.ts";
import type { DeviceHealth } from "../../protocol/mqtt/messages.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import type { RootLogger } from "../../runtime/log.ts";
import type { Timers } from "../../runtime/timers.ts";
import type { Append, CheckinLog } from "../ledger/checkin-log.ts";
import type { Counters } from "../scan/counters.ts";
import { BeaconDuty } from "./beacon-duty.ts";
import { Listening } from "./listening.ts";
import { Neighbours } from "./neighbours.ts";
import { PresenceWriter } from "./presence-writer.ts";
import { type IdentifierSighting, type SessionCounts, SessionTable } from "./sessions.ts";
import { DEFAULT_GATES, type RadioSettings, sessionGapMs } from "./settings.ts";

/** The radio of a kiosk, as far as it is there. */
export interface KioskRadio {
  /** Null: this kiosk is no beacon. */
  readonly beacon: BeaconTx | null;
  /** Null: this kiosk does not listen. */
  readonly observer: BeaconRx | null;
  readonly settings: RadioSettings;
}

export interface RadioDeskDeps {
  /** Absent: no radio at all. */
  readonly radio: KioskRadio | undefined;
  readonly crypto: CryptoPort;
  readonly keys: SealingKeys;
  readonly log: Pick<CheckinLog, "dayKeys" | "presence">;
  readonly append: (rows: readonly Append[]) => Promise<unknown>;
  /** Rows of presence were written. */
  readonly written: () => void;
  readonly place: { readonly venue: VenueId; readonly gate: number };
  readonly clock: DeviceClock;
  readonly timers: Timers;
  readonly counters: Counters;
  readonly logger: RootLogger;
}

/** How the radio does: for `status`, health and the simulator. */
export interface RadioStatus {
  readonly beacon: NonNullable<DeviceHealth["beacon"]>;
  /** Whether there is a radio that listens, be it in windows. */
  readonly listens: boolean;
  readonly sessions: SessionCounts;
}

/** Sessions are written together this often: a flush an identifier would wear the card for nothing. */
const WRITE_EVERY_MS = 300_000;
/** More than this wait for nobody. */
const WRITE_AT = 100;

/** The radio's part of a kiosk: it keeps the beacon in the air, and writes who stayed near it, sealed, as presence. */
export class RadioDesk {
  readonly #deps: RadioDeskDeps;
  readonly #neighbours = new Neighbours();
  readonly #duty: BeaconDuty | null;
  readonly #listening: Listening | null;
  readonly #table: SessionTable;
  readonly #writer: PresenceWriter;
  readonly #schemes: ReadonlySet<string>;
  #writing: Promise<void> = Promise.resolve();
  #nextWriteMs = 0;
  #isWriting = false;

  constructor(deps: RadioDeskDeps) {
    this.#deps = deps;
    const { radio, timers, logger, counters } = deps;
    const settings = radio?.settings;
    this.#schemes = new Set(["token", ...(settings?.observe ?? [])]);
    this.#table = new SessionTable({
      gates: settings?.gates ?? DEFAULT_GATES,
      gapMs: settings ? sessionGapMs(settings.plan) : 0,
    });
    this.#writer = new PresenceWriter({ ...deps, log: deps.log.presence, logger: logger.child("presence") });
    this.#duty = radio?.beacon
      ? new BeaconDuty({
          ...deps,
          beacon: radio.beacon,
          neighbours: this.#neighbours,
          txPower: radio.settings.txPower,
          counters,
          logger: logger.child("beacon"),
        })
      : null;
    this.#listening = radio?.observer
      ? new Listening({
          observer: radio.observer,
          timers,
          plan: radio.settings.plan,
          logger: logger.child("radio"),
          heard: (sighting) => this.#heard(sighting),
        })
      : null;
  }

  get status(): RadioStatus {
    const { radio, clock } = this.#deps;
    return {
      beacon: {
        controller: this.#duty?.controller ?? "none",
        neighbours: this.#neighbours.status(clock.now().boottimeMs),
      },
      listens: radio?.observer?.status().present ?? false,
      sessions: this.#table.counts,
    };
  }

  /** Whether sessions are on their way into the ledger. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Counts for health: numbers only. */
  get counts(): Readonly<Record<string, number>> {
    if (!this.#listening) return {};
    const { open, finished, passersBy, overflow } = this.#table.counts;
    return {
      "presence.open": open,
      "presence.sessions": finished,
      "presence.passers_by": passersBy,
      "presence.overflow": overflow,
    };
  }

  /** Begins; waits for nothing, since a hung radio must not keep a door closed. */
  open(): void {
    void this.#duty?.open();
    this.#listening?.open();
  }

  /** Writes what is still open, too: it has stayed as long as could be seen. */
  async close(): Promise<void> {
    await this.#listening?.close();
    await this.#duty?.close();
    await this.#writing;
    this.#table.endAll();
    await this.#write(this.#deps.clock.now());
  }

  /** Call it now and then, and when a day has turned. Waits for nothing. */
  tick(now: DeviceTime): void {
    void this.#duty?.refresh();
    this.#table.endSilent(now.boottimeMs);
    if (now.boottimeMs < this.#nextWriteMs && this.#table.waiting < WRITE_AT) return;
    this.#nextWriteMs = now.boottimeMs + WRITE_EVERY_MS;
    this.#writing = this.#writing.then(() => this.#write(now));
  }

  async #write(now: DeviceTime): Promise<void> {
    const sessions = this.#table.takeFinished();
    if (sessions.length === 0) return;
    this.#isWriting = true;
    const written = await this.#writer.write(sessions, now).finally(() => {
      this.#isWriting = false;
    });
    if (written > 0) this.#deps.written();
  }

  #heard(sighting: Sighting): void {
    const heard = parseAdvertisement(sighting.payload);
    if (!heard || !isMeasured(sighting.rssi)) return;
    if (heard.kind === "kiosk") this.#neighbours.hear(heard, sighting.at.boottimeMs);
    else if (this.#schemes.has(heard.kind)) this.#table.hear(sightingOf(heard.kind, heard, sighting));
  }
}

/** HCI says 127 when it has no measurement. Source: Bluetooth Core 5.4, Vol 4, Part E, 7.7.65.2. */
function isMeasured(rssi: number): boolean {
  return rssi >= -127 && rssi <= 20;
}

function sightingOf(
  scheme: RadioScheme,
  heard: HeardAdvertisement,
  { at, rssi, folded }: Sighting,
): IdentifierSighting {
  return {
    scheme,
    id: heard.id,
    txPower: "txPower" in heard ? heard.txPower : null,
    metadata: "metadata" in heard ? heard.metadata : null,
    firstMs: at.boottimeMs,
    lastMs: Math.max(at.boottimeMs, folded?.lastMs ?? 0) as BoottimeMs,
    n: folded?.n ?? 1,
    rssiMax: rssi,
    rssiMean: folded?.rssiMean ?? rssi,
  };
}
