import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SHARED_PLAN } from "../../kiosk/app.ts";
import { parseAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { fromHex } from "../../protocol/bytes.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import type { Logger, RootLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { MemoryAir, type MemorySender } from "../../sim/devices/memory-radio.ts";
import type { VirtualKiosk, VirtualRadio } from "../../sim/site/virtual-kiosk.ts";
import { filesUnder, findLeaks } from "../support/canary.ts";
import { openTestLedger } from "../support/ledger.ts";
import { bluezoneWalker, gaenWalker, type Stay, tokenWalker, type Walker } from "../support/senders.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld, type VirtualWorld } from "../support/virtual-world.ts";

/** Two doors in earshot of each other, and whoever walks by. */
async function openAir(doors: Parameters<typeof openVirtualWorld>[1] = {}) {
  const folder = tempFolder();
  const world = await openVirtualWorld(folder, doors);
  const walkers: Walker[] = [];
  const radios = world.site.kiosks.map(({ radio }) => radio as VirtualRadio);
  const air = new MemoryAir({
    timers: world.time,
    senders: () => [...radios.map(({ beacon }): MemorySender => beacon), ...walkers],
    path: (sender, ear) => {
      const walking = walkers.find((one) => one === sender);
      const door = radios.findIndex((radio) => radio.ear === ear);
      if (walking) return walking.heardAt(door);
      return radios[door]?.beacon === sender ? null : (-70 as never);
    },
  });
  for (const { ear } of radios) air.join(ear);
  const clocks = { now: () => world.time.now(), wall: () => world.time.wall() };
  return { world, folder, walkers, clocks, radios };
}

const stay = (door: number, from: number, to: number, rssi = -60): Stay => ({
  door,
  fromMs: from * MINUTE_MS,
  toMs: to * MINUTE_MS,
  rssi,
});

const kioskOf = (world: VirtualWorld, door: number): VirtualKiosk => world.site.kiosks[door] as VirtualKiosk;

describe("what a kiosk's radio hears", () => {
  it("reaches the engine as sessions, checks a token's wearer in and out, and leaves passers-by alone", async () => {
    const { world, walkers, clocks } = await openAir({
      doors: [{ radio: {} }, { radio: { observe: ["gaen", "bluezone"] } }],
    });
    const [token] = await world.engine.tokens.issue({ count: 1, autoCheckin: true });
    const wearer = fromHex(token?.seed ?? "");
    walkers.push(
      tokenWalker(wearer, { ...clocks, stays: [stay(0, 5, 45)] }),
      tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 10, 10.6)] }), // walks past
      tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 0, 60, -92)] }), // sits behind walls
      gaenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 5, 25)] }), // where nobody asked for phones
      bluezoneWalker(nodeCrypto.randomBytes(12), { ...clocks, stays: [stay(0, 5, 25)] }),
      gaenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(1, 5, 25)] }),
      bluezoneWalker(nodeCrypto.randomBytes(12), { ...clocks, stays: [stay(1, 5, 20)] }),
    );
    await world.wait(90 * MINUTE_MS);
    await world.site.settle();
    const first = kioskOf(world, 0).status;
    const second = kioskOf(world, 1).status;
    expect(first.radio.sessions).toMatchObject({ open: 0, finished: 5, overflow: 0 });
    expect(first.radio.sessions.passersBy).toBeGreaterThan(2);
    expect(second.radio.sessions).toMatchObject({ finished: 2, passersBy: 0 });
    const stats = await world.engine.stats();
    expect([stats.heard, stats.deadLetters, stats.forks]).toEqual([7, {}, []]);
    const visits = await world.engine.visits([token?.person ?? ("" as never)]);
    expect(visits).toHaveLength(1);
    const from = (visits[0]?.from ?? 0) - (clocks.wall() - clocks.now());
    const to = (visits[0]?.to ?? 0) - (clocks.wall() - clocks.now());
    expect(Math.abs(from - 5 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    expect(Math.abs(to - 45 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    await world.close();
  });

  it("tells each kiosk that its neighbour hears it, also when both share their radio with the beacon", async () => {
    const { world } = await openAir({ doors: [{ radio: { plan: SHARED_PLAN } }, { radio: { plan: SHARED_PLAN } }] });
    expect(kioskOf(world, 0).status.radio.beacon).toEqual({ controller: "on", neighbours: "unknown" });
    await world.wait(40 * MINUTE_MS);
    for (const door of [0, 1])
      expect(kioskOf(world, door).status.radio.beacon).toEqual({ controller: "on", neighbours: "heard" });
    expect((await world.engine.stats()).heard).toBe(0); // kiosks are never somebody's presence
    await world.close();
  });

  it("is unknown, and no fault, where no neighbour is", async () => {
    const { world } = await openAir({ doors: [{ radio: {} }] });
    await world.wait(HOUR_MS);
    expect(kioskOf(world, 0).status.radio.beacon).toEqual({ controller: "on", neighbours: "unknown" });
    await world.close();
  });

  it("is the same for a kiosk that shares its radio: windows find who stays", async () => {
    const { world, walkers, clocks } = await openAir({ doors: [{ radio: { plan: SHARED_PLAN } }] });
    walkers.push(
      tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 1, 62)] }),
      tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 4, 6)] }),
    );
    await world.wait(2 * HOUR_MS);
    const { sessions } = kioskOf(world, 0).status.radio;
    expect(sessions.finished).toBeGreaterThanOrEqual(5); // six whole rotations, each met by two windows
    expect((await world.engine.stats()).heard).toBe(sessions.finished);
    await world.close();
  });

  it("waits in the ledger while the gateway is away, and is there once when it is back", async () => {
    const { world, walkers, clocks } = await openAir({ doors: [{ radio: {} }] });
    walkers.push(tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 1, 55)] }));
    const device = kioskOf(world, 0).device as DeviceId;
    await world.site.network.setLink(device, false);
    await world.wait(80 * MINUTE_MS);
    const away = kioskOf(world, 0).status;
    expect([away.presence.confirmedUpto, away.radio.sessions.finished]).toEqual([0, 6]);
    expect((await world.engine.stats()).heard).toBe(0);
    await world.site.network.setLink(device, true);
    await world.wait(5 * MINUTE_MS);
    expect(kioskOf(world, 0).status.presence.confirmedUpto).toBe(6);
    expect((await world.engine.stats()).heard).toBe(6);
    await world.close();
  });

  it("is written at the end, whoever is still there", async () => {
    const { world, walkers, clocks, folder } = await openAir({ doors: [{ radio: {} }] });
    walkers.push(tokenWalker(nodeCrypto.randomBytes(16), { ...clocks, stays: [stay(0, 1, 60)] }));
    await world.wait(4 * MINUTE_MS);
    expect(kioskOf(world, 0).status.radio.sessions).toMatchObject({ open: 1, finished: 0 });
    await world.close();
    expect([...filesUnder(join(folder, "door-1"))].map(([where]) => where)).toContain("ledger.db");
    const log = await openTestLedger(join(folder, "door-1", "ledger"), {
      home: { socSerial: "door-1", cardCid: "door-1" },
      device: "door-1" as DeviceId,
    });
    expect(log.presence.lastSeq).toBe(1);
    await log.close();
  });
});

describe("canary of the radio", () => {
  it("finds no identifier and no address in logs, topics, payloads, ledgers or the gateway's files", async () => {
    const lines: string[] = [];
    const network: (readonly [string, Buffer])[] = [];
    const write = (event: string, fields?: object): void => void lines.push(JSON.stringify({ event, ...fields }));
    const log: Logger = { error: write, warn: write, info: write, debug: write };
    const { world, walkers, clocks, folder, radios } = await openAir({
      log: { ...log, child: () => log } as RootLogger,
      tap: (topic, payload) => network.push(["topic", Buffer.from(topic)], [topic, Buffer.from(payload)]),
      doors: [{ radio: { observe: ["gaen", "bluezone"] } }, { radio: {} }],
    });
    const seed = nodeCrypto.randomBytes(16);
    const phone = nodeCrypto.randomBytes(16);
    walkers.push(
      tokenWalker(seed, { ...clocks, stays: [stay(0, 5, 45)] }),
      gaenWalker(phone, { ...clocks, stays: [stay(0, 5, 25)] }),
    );
    const secrets: Uint8Array[] = [seed, phone, ...walkers.map(({ address }) => address)];
    for (let minute = 0; minute < 90; minute += 10) {
      secrets.push(tokenId(nodeCrypto, seed, rotationInterval(world.time.wall())));
      secrets.push(...radios.map(({ beacon }) => parseAdvertisement(beacon.onAir ?? new Uint8Array())?.id ?? phone));
      await world.wait(10 * MINUTE_MS);
    }
    await world.site.settle();
    expect((await world.engine.stats()).heard).toBeGreaterThan(5);
    expect(network.filter(([where]) => where.endsWith("/presence")).length).toBeGreaterThan(0);
    const files = ["door-1", "door-2", "gateway"].flatMap((part) => [...filesUnder(join(folder, part))]);
    const statuses = world.site.kiosks.map(({ status }) => ["status", Buffer.from(JSON.stringify(status))] as const);
    const printed = lines.map((line) => ["log", Buffer.from(line)] as const);
    expect(findLeaks([...files, ...network, ...statuses, ...printed], secrets)).toEqual([]);
    await world.close();
    expect(findLeaks(filesUnder(join(folder, "door-1")), secrets)).toEqual([]);
    expect(findLeaks(filesUnder(world.engineDir), secrets)).not.toEqual([]); // the one place that may know them; so the search does find
  });
});
