import { describe, expect, it, onTestFinished } from "vitest";
import type { BeaconRx, Sighting } from "../../../../firmware/ports/beacon.ts";
import { RadioLostError } from "../../../../firmware/ports/beacon.ts";
import { Listening } from "../../../../kiosk/radio/listening.ts";
import { type ListeningPlan, SHARED_PLAN } from "../../../../kiosk/radio/settings.ts";
import type { BoottimeMs, Dbm } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { MemoryBeaconRx } from "../../../../sim/devices/memory-radio.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const said = { payload: Uint8Array.of(2, 1, 6), rssi: -60 as Dbm };

function rig(plan: ListeningPlan, make?: (ear: MemoryBeaconRx) => BeaconRx) {
  const timers = new ManualTimers();
  const ear = new MemoryBeaconRx(() => timers.nowMs as BoottimeMs);
  const heard: Sighting[] = [];
  const listening = new Listening({
    observer: make?.(ear) ?? ear,
    timers,
    plan,
    logger: silentLogger,
    heard: (sighting) => heard.push(sighting),
  });
  listening.open();
  onTestFinished(() => listening.close());
  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      timers.advance(Math.min(left, 500));
      await settle();
    }
  };
  return { timers, ear, heard, listening, wait };
}

describe("listening", () => {
  it("on a shared radio takes 5 seconds of each 5 minutes", async () => {
    const { ear, wait } = rig(SHARED_PLAN);
    await settle();
    let halves = 0;
    for (let half = 0; half < 2 * 1_800; half += 1) {
      if (ear.listening) halves += 1;
      await wait(500);
    }
    expect(halves).toBe(6 * 10);
  });

  it("with a radio of its own never stops", async () => {
    const { ear, wait, heard } = rig({ kind: "always" });
    await settle();
    for (let minute = 0; minute < 20; minute += 1) {
      expect(ear.listening).toBe(true);
      ear.hear(said);
      await wait(60_000);
    }
    expect(heard).toHaveLength(20);
  });

  it("begins again when the radio has ended or failed", async () => {
    let tries = 0;
    const { wait, heard, ear } = rig({ kind: "always" }, (real) => ({
      status: () => real.status(),
      async *sightings(signal) {
        tries += 1;
        if (tries === 1) return;
        if (tries === 2) throw new RadioLostError("the radio process ended");
        yield* real.sightings(signal);
      },
    }));
    await wait(61_000);
    expect(tries).toBe(3);
    ear.hear(said);
    await settle();
    expect(heard).toHaveLength(1);
  });

  it("ends in the middle of a window or of a pause", async () => {
    for (const ms of [1_000, 60_000]) {
      const { listening, wait, ear } = rig(SHARED_PLAN);
      await wait(ms);
      await listening.close();
      expect(ear.listening).toBe(false);
    }
  });
});
