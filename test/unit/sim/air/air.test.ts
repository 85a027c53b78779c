import { describe, expect, it } from "vitest";
import { Air } from "../../../../sim/air/air.ts";
import { Controller } from "../../../../sim/air/controller.ts";
import { createPropagation, fixedPropagation, type Position } from "../../../../sim/air/propagation.ts";
import { ScriptedDevice } from "../../../../sim/air/scripted-device.ts";
import { SteppedClock } from "../../../../sim/clock.ts";
import { createRng } from "../../../../sim/rng.ts";

const PAYLOAD = Uint8Array.from([2, 1, 6, ...new Uint8Array(28)]);

/** Reports, with their times, of one ear among `senders` that stand together and send every 100 ms. */
function hearing(options: { readonly seed: string; readonly senders: number; readonly seconds: number }): {
  reports: string[];
  collisions: number;
} {
  const clock = new SteppedClock();
  const rng = createRng(options.seed);
  const air = new Air({ clock, rng, propagation: createPropagation(rng.fork("paths")) });
  const at = (n: number, position: Position): ScriptedDevice =>
    new ScriptedDevice(new Controller(air, { name: `d${n}`, address: "00:1b:dc:00:00:01", position }));
  const ear = at(0, { x: 0, y: 0 });
  const reports: string[] = [];
  ear.onReport = ({ rssi }) => reports.push(`${clock.now()} ${rssi}`);
  ear.listen();
  for (let n = 1; n <= options.senders; n += 1) at(n, { x: 2, y: n / 100 }).advertise({ payload: PAYLOAD });
  clock.step(1_000 * options.seconds);
  return { reports, collisions: air.collisions };
}

describe("the air", () => {
  it("is the same for the same seed, and another for another", () => {
    const [one, two, other] = ["a", "a", "b"].map((seed) => hearing({ seed, senders: 5, seconds: 5 }));
    expect(one).toEqual(two);
    expect(one).not.toEqual(other);
  });

  it("loses packets that meet, more of them the more there are", () => {
    const share = (senders: number): number => {
      const { reports, collisions } = hearing({ seed: "crowd", senders, seconds: 5 });
      return collisions / (collisions + reports.length);
    };
    const [few, many] = [share(2), share(200)];
    expect(few).toBeLessThan(0.02);
    expect(many).toBeGreaterThan(0.3);
    expect(many).toBeLessThan(0.9);
  });

  it("lets the stronger of two packets through when it is much stronger", () => {
    const clock = new SteppedClock();
    const power = fixedPropagation((from) => (from.name === "near" ? -50 : -80));
    const air = new Air({ clock, rng: createRng("capture"), propagation: power });
    const heard: string[] = [];
    const radio = (name: string, listens: boolean) => ({
      ...{ name, txPower: 0, position: { x: 0, y: 0 } },
      listeningOn: () => (listens ? 0 : null),
      hear: (from: { name: string }) => heard.push(from.name),
    });
    const [near, far, ear] = [radio("near", false), radio("far", false), radio("ear", true)];
    for (const one of [near, far, ear]) air.join(one);
    const address = { type: 0, bytes: new Uint8Array(6) };
    const event = { type: 3, address, payload: PAYLOAD, scanResponse: PAYLOAD, target: null, channels: 7 };
    air.advertise(near, event);
    air.advertise(far, event);
    clock.step(10);
    expect([heard, air.collisions]).toEqual([["near"], 1]);
  });
});

describe("propagation", () => {
  const antenna = (name: string, x: number, y = 0) => ({ name, position: { x, y }, txPower: 0 });
  const still = { shadowingDb: 0, fadingDb: 0 };

  it("weakens with distance as the exponent says", () => {
    const path = createPropagation(createRng("p"), { ...still, exponent: 2 });
    const at = (x: number): number => path(antenna("a", 0), antenna("b", x)) ?? Number.NaN;
    expect(at(1)).toBeCloseTo(-40.2, 6);
    expect(at(1) - at(10)).toBeCloseTo(20, 6);
    expect(path(antenna("a", 0), antenna("b", 100_000))).toBeNull();
  });

  it("takes the loss of each wall on the way, and of no other", () => {
    const walls = [{ from: { x: 1, y: -1 }, to: { x: 1, y: 1 }, lossDb: 7 }];
    const [open, walled] = [
      createPropagation(createRng("p"), still),
      createPropagation(createRng("p"), { ...still, walls }),
    ];
    const loss = (to: ReturnType<typeof antenna>): number =>
      (open(antenna("a", 0), to) ?? 0) - (walled(antenna("a", 0), to) ?? 0);
    expect(loss(antenna("b", 2))).toBeCloseTo(7, 6);
    expect(loss(antenna("b", 0.5))).toBe(0);
    expect(loss(antenna("b", 2, 8))).toBe(0);
  });

  it("has one shadow for a path, both ways, and fading for each packet", () => {
    const shadowed = createPropagation(createRng("p"), { fadingDb: 0, shadowingDb: 6 });
    const [a, b] = [antenna("a", 0), antenna("b", 3)];
    expect(shadowed(a, b)).toBe(shadowed(b, a));
    const faded = createPropagation(createRng("p"), { fadingDb: 4, shadowingDb: 0 });
    const powers = Array.from({ length: 500 }, () => faded(a, b) ?? 0);
    const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
    const spread = Math.sqrt(powers.reduce((sum, power) => sum + (power - mean) ** 2, 0) / powers.length);
    expect(spread).toBeGreaterThan(3.4);
    expect(spread).toBeLessThan(4.6);
  });
});
