import { join } from "node:path";
import { createEngine, type Engine, issueSiteBundle, loadEngineConfig } from "../../engine/app.ts";
import { encodeAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { fromHex } from "../../protocol/bytes.ts";
import { type PersonKey, parseSiteId, parseVenueId } from "../../protocol/ids.ts";
import { DAY_MS, type Dbm, MINUTE_MS, SITE_UTC_OFFSET_MS, type WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { createRng, type Rng } from "../rng.ts";
import type { DoorSpec } from "../site/door-spec.ts";
import { VirtualSite } from "../site/virtual-site.ts";
import { VirtualTime } from "../time/virtual-time.ts";
import type { ContactFile } from "./contact-file.ts";
import { hear, kioskOf, pathBetween } from "./hearing.ts";
import type { Placed, Step } from "./placement.ts";

/** Monday, 16 November 2026, midnight in Vietnam: the first day of every file. */
const MIDNIGHT = (Date.UTC(2026, 10, 16) - SITE_UTC_OFFSET_MS) as WallMs;
const BEFORE_MS = 30 * MINUTE_MS;
const AFTERWARDS_MS = 60 * MINUTE_MS;
const MINUTES = 15;

interface Wearer {
  readonly seed: Uint8Array;
  readonly person: PersonKey;
}

/**
 * The real kiosks, one in each room, with gateway and engine, and everybody with a token: what tracing by the kiosks alone finds.
 *
 * A kiosk knows that two tokens were in its room for so long, and how loud each was to the kiosk; it does not know how near they were
 * to each other.
 */
export class KioskNet {
  readonly #engine: Engine;
  readonly #site: VirtualSite;
  readonly #time: VirtualTime;
  readonly #wearers: readonly Wearer[];
  readonly #rng: Rng;
  readonly #firstS: number;

  private constructor(parts: {
    engine: Engine;
    site: VirtualSite;
    time: VirtualTime;
    wearers: readonly Wearer[];
    rng: Rng;
    firstS: number;
  }) {
    this.#engine = parts.engine;
    this.#site = parts.site;
    this.#time = parts.time;
    this.#wearers = parts.wearers;
    this.#rng = parts.rng;
    this.#firstS = parts.firstS;
  }

  /** @param folder of every database */
  static async open(file: ContactFile, folder: string, rng: Rng): Promise<KioskNet> {
    const firstS = (file.rows[0]?.atS ?? 0) - BEFORE_MS / 1_000;
    const time = new VirtualTime((MIDNIGHT + firstS * 1_000) as WallMs);
    const engine = await createEngine({
      config: loadEngineConfig({ env: {}, flags: [`dataDir=${join(folder, "engine")}`] }),
      now: () => time.wall(),
      log: silentLogger,
      crypto: nodeCrypto,
    });
    const doors = file.groups.map((group, room) => ({ ...doorOf(room), venueName: group }));
    for (const { venue, venueName } of doors)
      await engine.putVenue({ venue, name: venueName, type: "other", closingHour: null });
    const site = parseSiteId("replay");
    const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site, nowMs: time.wall() });
    const tokens = await engine.tokens.issue({ count: file.people.length, autoCheckin: true });
    return new KioskNet({
      engine,
      time,
      rng,
      firstS,
      site: await VirtualSite.open({ folder, doors, engine, bundle, time, rng: createRng("kiosks") }),
      wearers: tokens.map(({ seed, person }) => ({ seed: fromHex(seed), person })),
    });
  }

  /** Lets time pass up to this step, and the kiosks hear it. */
  async step({ atS, places }: Step): Promise<void> {
    await this.#advanceTo((atS - this.#firstS) * 1_000);
    for (const [room, { radio }] of this.#site.kiosks.entries()) {
      for (const [person, place] of places) {
        const rssi = this.#rssiAt(room, place);
        if (rssi !== null) radio?.ear.hear({ payload: this.#payloadOf(person), rssi });
      }
    }
  }

  /** Whom the engine names when this person is a case: 15 minutes or more, for certain, at the same places. */
  async contactsOf(person: number): Promise<ReadonlySet<number>> {
    await this.#advanceTo(this.#time.now() + AFTERWARDS_MS);
    const days = Math.ceil((this.#time.wall() - MIDNIGHT) / DAY_MS);
    const sample = new Date(this.#time.wall() + SITE_UTC_OFFSET_MS).toISOString().slice(0, 10);
    const { id } = await this.#engine.addCase({ persons: [this.#wearer(person).person], sample });
    const { persons } = await this.#engine.trace(id, { daysBefore: days });
    const numbers = new Map(this.#wearers.map((wearer, number) => [wearer.person, number]));
    const close = persons.filter(({ minutesCertain }) => minutesCertain >= MINUTES);
    return new Set(close.flatMap((one) => numbers.get(one.person) ?? []));
  }

  async close(): Promise<void> {
    await this.#site.close();
    await this.#engine.close();
  }

  #advanceTo(untilMs: number): Promise<void> {
    return this.#time.advanceTo(untilMs, () => this.#site.settle());
  }

  #rssiAt(room: number, place: Placed): Dbm | null {
    if (Math.abs(room - place.room) > 1) return null; // two walls away nothing comes through
    return hear(pathBetween(kioskOf(room), place), this.#rng) as Dbm | null;
  }

  #payloadOf(person: number): Uint8Array {
    const id = tokenId(nodeCrypto, this.#wearer(person).seed, rotationInterval(this.#time.wall()));
    return encodeAdvertisement({ kind: "token", id, txPower: 0 as Dbm, echo: null });
  }

  #wearer(person: number): Wearer {
    return this.#wearers[person] as Wearer;
  }
}

/** Set for a class room of 10 m, as a technician would: its own corners pass, most of what comes through a wall does not. */
const GATES = { minimumDwellMs: MINUTE_MS, minimumRssi: -77 as Dbm } as const;

function doorOf(room: number): Omit<DoorSpec, "venueName"> {
  return {
    device: `room-${room + 1}`,
    venue: parseVenueId(`r${String(room).padStart(7, "0")}`),
    clock: { wallOffsetMs: 0, state: "ntp", uncertaintyMs: 50 },
    radio: { gates: GATES },
  };
}
