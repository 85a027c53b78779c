import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { PeerRelay } from "../../../../gateway/peers/peer-relay.ts";
import { decideAdmission } from "../../../../kiosk/admission/decide.ts";
import { DEFAULT_POLICY } from "../../../../kiosk/admission/policy.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import { PeerLink } from "../../../../kiosk/peers/peer-link.ts";
import { Counters } from "../../../../kiosk/scan/counters.ts";
import { type DayKeys, firstDayKeys, nextDayKeys, visitorTag } from "../../../../protocol/checkin/visitor-tag.ts";
import {
  type DeviceId,
  type Epoch,
  parseBootId,
  parseDeviceId,
  parseSiteId,
  parseVenueId,
  type VisitorTag,
} from "../../../../protocol/ids.ts";
import { type BoottimeMs, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, type WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { runs } from "../../../support/property-runs.ts";

const START = 1_790_000_000_000;
const DAY = 20_000;
const SITE_KEYS: DayKeys = { ...firstDayKeys(nodeCrypto, new Uint8Array(32).fill(1)), siteGeneration: 1 };

/** A site's doors, each with a clock of its own boot, on one line. */
class Doors {
  nowMs = 0;
  readonly doors: Door[] = [];
  /** Every message, as it went over the line. */
  readonly messages: { readonly from: DeviceId; readonly payload: Uint8Array }[] = [];
  readonly #relay = new PeerRelay({
    broker: { send: (device, _, payload) => void this.#queue.push({ device, payload }) },
  });
  readonly #queue: { readonly device: DeviceId; readonly payload: Uint8Array }[] = [];

  add(options: { readonly venue?: string; readonly keys?: DayKeys; readonly wallOffMs?: number } = {}): Door {
    const door = new Door(this, this.doors.length, options);
    this.doors.push(door);
    return door;
  }

  publish(from: DeviceId, payload: Uint8Array): void {
    this.messages.push({ from, payload });
    this.#relay.relay(from, payload);
  }

  gone(device: DeviceId): void {
    this.#relay.gone(device);
  }

  /** Delivers what is under way, and what that brings about. */
  async settle(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const door = this.doors.find(({ device }) => device === next.device);
      if (door?.isUp) await door.link.received(next.payload);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.settle();
    this.nowMs += ms;
  }
}

class Door {
  readonly device: DeviceId;
  readonly visitors = new Visitors();
  readonly counters = new Counters();
  readonly link: PeerLink;
  isUp = false;
  keys: DayKeys;
  doubts = 0;
  emptied = 0;
  readonly #doors: Doors;
  readonly #bootedMs: number;
  readonly #wallOffMs: number;

  constructor(doors: Doors, at: number, options: Parameters<Doors["add"]>[0] = {}) {
    this.#doors = doors;
    this.device = parseDeviceId(`door-${at}`);
    this.#bootedMs = -HOUR_MS * (at + 1); // each has been up for another time
    this.#wallOffMs = options.wallOffMs ?? 0;
    this.keys = options.keys ?? SITE_KEYS;
    const self = this;
    this.link = new PeerLink({
      site: parseSiteId("school-1"),
      place: { venue: parseVenueId(options.venue ?? "7k3m9q2x") },
      crypto: nodeCrypto,
      clock: { now: () => this.now() },
      transport: {
        publish: (_, payload) => Promise.resolve(doors.publish(this.device, payload)),
      },
      log: {
        key: { device: this.device, epoch: "0011223344556677" as Epoch, stream: "c" },
        get dayKeys() {
          return self.keys;
        },
        get dayKeysDay() {
          return DAY + self.keys.n;
        },
        noteEmptied: async () => {
          self.emptied += 1;
        },
      },
      visitors: this.visitors,
      policy: DEFAULT_POLICY,
      counters: this.counters,
      otherKey: () => {
        this.doubts += 1;
      },
      changed: () => {},
    });
  }

  now(): DeviceTime {
    const boottimeMs = (this.#doors.nowMs - this.#bootedMs) as BoottimeMs;
    const wallMs = (START + this.#doors.nowMs + this.#wallOffMs) as WallMs;
    return { bootId: parseBootId("0a0b0c0d"), boottimeMs, wallMs, state: "ntp", uncertaintyMs: 50 };
  }

  turnDay(): void {
    this.keys = nextDayKeys(nodeCrypto, this.keys);
  }

  /** Does what time brings about: the day turns by this door's own clock, who came long ago is forgotten. */
  tick(turnsAtMs: number): void {
    const nowMs = this.#doors.nowMs + this.#wallOffMs;
    while (nowMs >= turnsAtMs + this.keys.n * DAY_MS) this.turnDay();
    this.visitors.forgetBefore((this.now().boottimeMs - DEFAULT_POLICY.maximumStayMs) as BoottimeMs);
  }

  async up(): Promise<void> {
    this.isUp = true;
    await this.link.connected();
    await this.#doors.settle();
  }

  down(): void {
    this.isUp = false;
    this.link.disconnected();
    this.#doors.gone(this.device);
  }

  /** A visitor shows a code; what the door makes of it. */
  async scan(visitor: number, party = 0): Promise<string> {
    const who = { scheme: "cccd" as const, id: `00109900${String(visitor).padStart(4, "0")}` };
    const tags = tagsUnder(this.keys, who);
    const now = this.now();
    const past = this.visitors.find(tags);
    const inside = this.visitors.inside;
    const facts = { past, inside, party, isCutOff: !this.isUp };
    const admission = decideAdmission({ ...facts, nowMs: now.boottimeMs, policy: DEFAULT_POLICY });
    if (admission.kind !== "admit") return admission.kind;
    const { direction } = admission;
    const seen = { direction, party: admission.party, boottimeMs: now.boottimeMs, wallMs: now.wallMs };
    this.visitors.note(tags, seen);
    await this.link.passed(tags, seen);
    await this.#doors.settle();
    return direction;
  }
}

function tagsUnder({ tagKey, previousTagKey }: DayKeys, who: Parameters<typeof visitorTag>[2]): readonly VisitorTag[] {
  return [tagKey, ...(previousTagKey ? [previousTagKey] : [])].map((key) => visitorTag(nodeCrypto, key, who));
}

async function pairOfDoors(): Promise<{ doors: Doors; a: Door; b: Door }> {
  const doors = new Doors();
  const [a, b] = [doors.add(), doors.add()];
  await a.up();
  await b.up();
  return { doors, a, b };
}

describe("PeerLink", () => {
  it("checks a visitor out who came by another door, companions and all, and both count the same", async () => {
    const { doors, a, b } = await pairOfDoors();
    expect(await a.scan(1, 3)).toBe("in");
    expect([a, b].map(({ visitors }) => visitors.inside)).toEqual([4, 4]);
    expect(await b.scan(1)).toBe("already");
    await doors.pass(2 * MINUTE_MS);
    expect(await b.scan(1)).toBe("out");
    expect([a, b].map(({ visitors }) => visitors.inside)).toEqual([0, 0]);
  });

  it("shows something at the second door even when the code is held there at once", async () => {
    const { doors, a, b } = await pairOfDoors();
    await a.scan(1);
    await doors.pass(SECOND_MS);
    expect([await b.scan(1), await a.scan(1)]).toEqual(["already", "repeat"]);
  });

  it("tells a door that was away what it missed, and hears from it what it saw", async () => {
    const { doors, a, b } = await pairOfDoors();
    await a.scan(1);
    await doors.pass(MINUTE_MS);
    b.down();
    await a.scan(2);
    await doors.pass(10 * MINUTE_MS);
    expect(await b.scan(3)).toBe("in");
    expect(await a.scan(1)).toBe("out");
    await doors.pass(10 * MINUTE_MS);
    await b.up();
    expect([a, b].map(({ visitors }) => visitors.inside)).toEqual([2, 2]);
    expect([await a.scan(3), await b.scan(2)]).toEqual(["out", "out"]);
    expect(await b.scan(1)).toBe("in"); // it was out for ten minutes, and both doors know
  });

  it("tells a door that was away, however often, what was seen while a third one was away", async () => {
    const doors = new Doors();
    const [a, b, c] = [doors.add(), doors.add(), doors.add()];
    for (const door of [a, b, c]) await door.up();
    a.down();
    await a.scan(1);
    await doors.pass(10 * MINUTE_MS);
    b.down();
    await a.up();
    await b.up();
    expect([a, b, c].map(({ visitors }) => visitors.inside)).toEqual([1, 1, 1]);
    b.down();
    await a.scan(2);
    await doors.pass(10 * MINUTE_MS);
    a.down();
    await b.up(); // nobody can tell it
    await doors.pass(10 * MINUTE_MS);
    await a.up();
    expect([a, b, c].map(({ visitors }) => visitors.inside)).toEqual([2, 2, 2]);
  });

  it("welcomes, while it is cut off, who came by another door: who left by that door meanwhile comes in now", async () => {
    const { doors, a, b } = await pairOfDoors();
    await a.scan(1);
    await a.scan(2);
    await doors.pass(10 * MINUTE_MS);
    b.down();
    expect(await a.scan(1)).toBe("out");
    await doors.pass(10 * MINUTE_MS);
    expect(await b.scan(1)).toBe("in");
    await doors.pass(10 * MINUTE_MS);
    expect(await b.scan(1)).toBe("out"); // this it saw itself
    await b.up();
    expect([a, b].map(({ visitors }) => visitors.inside)).toEqual([1, 1]);
    expect(await b.scan(2)).toBe("out");
  });

  it("greets in as many reports as it takes", async () => {
    const doors = new Doors();
    const a = doors.add();
    await a.up();
    for (let visitor = 0; visitor < 1_000; visitor += 1) await a.scan(visitor);
    const b = doors.add();
    await b.up();
    expect(b.visitors.inside).toBe(1_000);
    expect(doors.messages.length).toBe(1 + 1 + 3); // both greetings, and three answers
  });

  it("keeps quiet while it is the only door", async () => {
    const doors = new Doors();
    const a = doors.add();
    await a.up();
    for (let visitor = 0; visitor < 5; visitor += 1) await a.scan(visitor);
    expect(doors.messages).toHaveLength(1);
  });

  it("hears nothing of doors of another venue, or under another key, and then asks for the key", async () => {
    const doors = new Doors();
    const other = { ...SITE_KEYS, siteGeneration: 2, tagKey: new Uint8Array(32).fill(9) };
    const [a, elsewhere, newer] = [doors.add(), doors.add({ venue: "v0000001" }), doors.add({ keys: other })];
    for (const door of [a, elsewhere, newer]) await door.up();
    await newer.scan(1);
    await elsewhere.scan(2);
    expect([a.visitors.inside, a.doubts > 0, elsewhere.doubts]).toEqual([0, true, 0]);
    a.keys = other;
    await a.link.keyed();
    await doors.settle();
    expect(a.visitors.inside).toBe(1);
  });

  it("understands a door whose day turned before its own, or turns after it, and none of other days", async () => {
    const { doors, a, b } = await pairOfDoors();
    a.turnDay();
    await a.scan(1);
    expect(b.visitors.inside).toBe(1);
    b.turnDay();
    await doors.pass(2 * MINUTE_MS);
    expect(await b.scan(1)).toBe("out");
    b.turnDay();
    await a.scan(2);
    expect(b.visitors.inside).toBe(1);
    await doors.pass(2 * MINUTE_MS);
    expect(await b.scan(2)).toBe("out");
    b.turnDay();
    await a.scan(3);
    expect(b.visitors.inside).toBe(0);
    expect(b.counters.all()["peer.unreadable"]).toBe(1);
  });

  it("says nothing and hears nothing before it has a key", async () => {
    const { doors, a } = await pairOfDoors();
    await a.scan(1);
    const late = doors.messages.at(-1)?.payload as Uint8Array;
    const c = doors.add({ keys: { ...SITE_KEYS, siteGeneration: null } });
    await c.up();
    await c.link.received(late);
    expect(c.visitors.inside).toBe(0);
    expect(doors.messages.filter(({ from }) => from === c.device)).toEqual([]);
  });

  it("takes no report twice, and none that was kept back", async () => {
    const { doors, a, b } = await pairOfDoors();
    await a.scan(1);
    const entered = doors.messages.at(-1)?.payload as Uint8Array;
    await doors.pass(2 * MINUTE_MS);
    await a.scan(1);
    await b.link.received(entered);
    expect(b.visitors.inside).toBe(0);
    expect(b.counters.all()["peer.stale"]).toBe(1);
    const c = doors.add(); // it has not heard of that boot yet
    doors.nowMs += HOUR_MS;
    await c.link.received(entered);
    expect([c.visitors.inside, c.counters.all()["peer.stale"]]).toEqual([0, 1]);
  });

  it("is not upset by any bytes", async () => {
    const { doors, a, b } = await pairOfDoors();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await b.link.received(bytes);
      }),
      { numRuns: runs(200) },
    );
    const good = doors.messages[0]?.payload as Uint8Array;
    for (let at = 0; at < good.length; at += 1) await b.link.received(good.with(at, (good[at] as number) ^ 0x40));
    await a.scan(1);
    expect(b.visitors.inside).toBe(1);
  });

  it("lets everybody out at every door when staff at one says so, also at one that was away", async () => {
    const { doors, a, b } = await pairOfDoors();
    const c = doors.add();
    await c.up();
    await a.scan(1);
    await doors.pass(MINUTE_MS);
    c.down();
    await c.scan(2);
    await doors.pass(MINUTE_MS);
    b.visitors.clear();
    await b.link.emptied();
    await doors.pass(MINUTE_MS);
    await a.scan(3);
    await c.up();
    expect([a, b, c].map(({ visitors }) => visitors.inside)).toEqual([1, 1, 1]);
    expect([a, c].map(({ emptied }) => emptied)).toEqual([1, 0]);
    expect(await c.scan(1)).toBe("in");
  });

  it("counts nobody twice who left by another door after the day had turned, while the door by which he came was away", async () => {
    const doors = new Doors();
    const [a, b, c] = [doors.add(), doors.add(), doors.add()];
    for (const door of [a, b, c]) await door.up();
    await a.scan(1, 2);
    await a.scan(2);
    await doors.pass(HOUR_MS);
    c.down();
    for (const door of [a, b, c]) door.turnDay();
    await doors.pass(HOUR_MS);
    a.down();
    await doors.pass(HOUR_MS);
    expect(await b.scan(1)).toBe("out");
    await doors.pass(HOUR_MS);
    await c.up();
    await a.up();
    expect([a, b, c].map(({ visitors }) => visitors.inside)).toEqual([1, 1, 1]);
    expect(await c.scan(1)).toBe("in");
    expect([a, b, c].map(({ visitors }) => visitors.inside)).toEqual([2, 2, 2]);
  });

  it("brings all doors to one view, whatever was cut off in between", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ door: fc.nat(2), visitor: fc.nat(5), party: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ toggle: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ minutes: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.nat(600)) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(DAY_MS), async (steps, turnsAtMs) => {
        const doors = new Doors();
        for (const offMs of [0, MINUTE_MS, -3_000]) await doors.add({ wallOffMs: offMs }).up();
        for (const one of steps) {
          for (const door of doors.doors) door.tick(turnsAtMs);
          if ("minutes" in one) await doors.pass(one.minutes * MINUTE_MS);
          else if ("toggle" in one) {
            const door = doors.doors[one.toggle] as Door;
            if (door.isUp) door.down();
            else await door.up();
          } else await doors.doors[one.door]?.scan(one.visitor, one.party);
          doors.nowMs += 7; // no two scans at one instant
        }
        for (const door of doors.doors) door.tick(turnsAtMs);
        for (const door of doors.doors) if (!door.isUp) await door.up();
        await doors.pass(MINUTE_MS);
        for (const door of doors.doors) door.tick(turnsAtMs);
        const views = doors.doors.map(({ visitors }) => visitors.inside);
        expect(new Set(views).size).toBe(1);
        await doors.pass(5 * MINUTE_MS);
        const [first, ...others] = await Promise.all(doors.doors.map((door) => outcomes(door)));
        for (const other of others) expect(other).toEqual(first);
        const weights = first?.map((past) => (past?.[0] === "in" ? 1 + past[1] : 0)) ?? [];
        expect(views[0]).toBe(weights.reduce((sum, weight) => sum + weight, 0));
      }),
      { numRuns: runs(150) },
    );
  });
});

/** What a door would make of each visitor. */
async function outcomes({ visitors, keys }: Door): Promise<readonly (readonly [string, number] | null)[]> {
  return Array.from({ length: 6 }, (_, visitor) => {
    const id = `00109900${String(visitor).padStart(4, "0")}`;
    const past = visitors.find(tagsUnder(keys, { scheme: "cccd", id }));
    return past && [past.direction, past.party];
  });
}
