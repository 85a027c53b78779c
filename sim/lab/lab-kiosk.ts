import { writeFileSync } from "node:fs";
import type { LabKiosk as LabKioskView, LabSwitch } from "../../protocol/http/lab.ts";
import { HOUR_MS } from "../../protocol/units.ts";
import type { HciDev } from "../air/hci-dev.ts";
import type { PtyFirmataBoard } from "../devices/pty-firmata-board.ts";
import type { Cable } from "../network/cable.ts";
import { matchRows, type ScreenRow } from "../report/screen-rows.ts";
import type { ProcessDoor } from "../site/process-site.ts";
import type { Position } from "../world/rooms.ts";
import { LossWatch, SETTLE_MS } from "./loss-watch.ts";
import { ScreenFeed } from "./screen-feed.ts";

/** Longer than this nobody waits before a dark screen, milliseconds. */
const PATIENCE_MS = 4_000;

export interface LabKioskParts {
  readonly door: ProcessDoor;
  readonly board: PtyFirmataBoard;
  readonly cable: Cable;
  readonly adapter: HciDev;
  /** File from which the kiosk's process takes how wrong its clock is. */
  readonly clockFile: string;
  /** Pins of the board, by output. */
  readonly pins: Readonly<Record<"green" | "amber" | "red" | "buzzer" | "relay", number>>;
  readonly place: Position;
}

/** A row that the screen confirmed, and when that was by the lab's clock. */
interface SaidRow extends ScreenRow {
  readonly saidMs: number;
}

/** A real kiosk process, with a hand on everything that it is plugged into. */
export class LabKiosk {
  readonly device: string;
  readonly place: Position;
  readonly #parts: LabKioskParts;
  readonly #feed: ScreenFeed;
  #hasPower = true;
  #isStarting = false;
  #hasScanner = true;
  #clockIsRight = true;
  #turnedAway = 0;
  readonly #said: SaidRow[] = [];
  readonly #losses = new LossWatch();
  #custody = { stored: 0, lost: 0, duplicated: 0 };
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: LabKioskParts) {
    this.#parts = parts;
    this.device = parts.door.device;
    this.place = parts.place;
    this.#feed = new ScreenFeed(parts.door.screen, (row) => {
      this.#said.push({ ...row, device: this.device, saidMs: Date.now() });
    });
  }

  open(): void {
    this.#feed.open();
  }

  /** Somebody shows a code, when it is his turn. @returns the answer's code; null when the kiosk stayed dark */
  show(payload: Uint8Array): Promise<string | null> {
    const turn = this.#turn.then(async () => {
      const answer = this.#feed.next(PATIENCE_MS);
      await this.#parts.door.scanner.present(payload);
      const code = await answer;
      if (code === null) this.#turnedAway += 1;
      return code;
    });
    this.#turn = turn;
    return turn;
  }

  /** Throws a switch. */
  async set(what: LabSwitch, on: boolean): Promise<void> {
    switch (what) {
      case "power":
        await this.#setPower(on);
        return;
      case "network":
        if (on) this.#parts.cable.mend();
        else this.#parts.cable.cut();
        return;
      case "scanner":
        this.#hasScanner = on;
        if (on) this.#parts.door.scanner.plug();
        else this.#parts.door.scanner.unplug();
        return;
      case "clock":
        this.#clockIsRight = on;
        writeFileSync(this.#parts.clockFile, String(on ? 0 : HOUR_MS));
        return;
      case "radio":
        if (on) this.#parts.adapter.up();
        else this.#parts.adapter.down();
    }
  }

  /** Compares what its screen confirmed with what the engine holds. @param held rows of every kiosk */
  compare(held: readonly ScreenRow[], nowMs: number): void {
    const own = held.filter(({ device }) => device === this.device);
    const { stored, missing, copies } = matchRows(this.#said, own);
    const old = missing.filter(({ saidMs }) => nowMs - saidMs >= SETTLE_MS).length;
    this.#custody = {
      stored,
      lost: this.#losses.look({ missing: old, unsent: this.#unsent }, nowMs),
      duplicated: copies,
    };
  }

  get #unsent(): number | null {
    return this.#feed.state?.uplink.unsent ?? null;
  }

  view(): LabKioskView {
    const { door, board, cable, adapter, pins, place } = this.#parts;
    const lit = (pin: number): boolean => this.#hasPower && board.isOn(pin);
    return {
      device: this.device,
      name: door.name,
      x: place.x,
      y: place.y,
      screenUrl: door.screen,
      switches: {
        power: this.#hasPower,
        network: !cable.isCut,
        scanner: this.#hasScanner,
        clock: this.#clockIsRight,
        radio: adapter.isUp,
      },
      isBeacon: adapter.controller.advertiser.on,
      isStarting: this.#isStarting,
      lamps: {
        green: lit(pins.green),
        amber: lit(pins.amber),
        red: lit(pins.red),
        buzzer: lit(pins.buzzer),
        relay: lit(pins.relay),
      },
      answer: this.#feed.answer,
      unsent: this.#unsent,
      confirmed: this.#said.length,
      ...this.#custody,
      turnedAway: this.#turnedAway,
    };
  }

  async close(): Promise<void> {
    this.#feed.close();
    this.#parts.board.unplug();
    await this.#parts.cable.close();
  }

  async #setPower(on: boolean): Promise<void> {
    if (on === this.#hasPower) return;
    this.#hasPower = on;
    const { kiosk } = this.#parts.door;
    if (!on) {
      await kiosk.kill9();
      return;
    }
    this.#isStarting = true;
    try {
      await kiosk.start();
    } catch (fault) {
      if (this.#hasPower) throw fault; // else the power went again while it came up
    } finally {
      this.#isStarting = false;
    }
  }
}
