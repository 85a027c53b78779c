import { expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { visitorTag } from "../../protocol/checkin/visitor-tag.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld, type VirtualWorld } from "../support/virtual-world.ts";

const numberOf = (visitor: number): string => `09109000000${visitor}`;
const codeOf = (visitor: number): Uint8Array =>
  utf8(`${numberOf(visitor)}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);

async function openDoors(count: number, tap?: (topic: string, payload: Uint8Array) => void) {
  const world = await openVirtualWorld(tempFolder(), {
    doors: Array.from({ length: count }, () => ({})),
    ...(tap && { tap }),
  });
  await world.wait(MINUTE_MS);
  return { world, doors: world.site.kiosks as readonly VirtualKiosk[] };
}

/** Minutes from the first check-in, for certain, of everybody's stays. */
async function staysOf({ engine }: VirtualWorld, visitor: number): Promise<readonly (number | null)[]> {
  const visits = await engine.visits([engine.personOf({ scheme: "cccd", id: numberOf(visitor) })]);
  return visits.map(({ from, to }) => (from === null || to === null ? null : Math.round((to - from) / MINUTE_MS)));
}

it("in by one door and out by the other is one stay at the engine, and a contact for certain", async () => {
  const { world, doors } = await openDoors(2);
  const [a, b] = doors as readonly [VirtualKiosk, VirtualKiosk];
  expect((await a.scan(codeOf(1)))?.code).toBe("in_ok");
  expect((await b.scan(codeOf(2)))?.code).toBe("in_ok");
  await world.wait(HOUR_MS);
  expect([a.status.inside, b.status.inside]).toEqual([2, 2]);
  expect((await b.scan(codeOf(1)))?.code).toBe("out_ok");
  expect((await a.scan(codeOf(2)))?.code).toBe("out_ok");
  await world.wait(MINUTE_MS);
  expect([a.status.inside, b.status.inside]).toEqual([0, 0]);
  expect([await staysOf(world, 1), await staysOf(world, 2)]).toEqual([[60], [60]]);
  const { id } = await world.engine.addCase({ documents: [{ scheme: "cccd", id: numberOf(1) }], sample: "2026-11-16" });
  const { persons } = await world.engine.trace(id);
  expect(persons).toMatchObject([{ person: world.engine.personOf({ scheme: "cccd", id: numberOf(2) }) }]);
  expect(persons[0]?.minutesCertain).toBeGreaterThan(59);
  await world.close();
});

it("a door that was cut off catches up, and judges by its own view meanwhile", async () => {
  const { world, doors } = await openDoors(2);
  const [a, b] = doors as readonly [VirtualKiosk, VirtualKiosk];
  await world.site.network.setLink(parseDeviceId(b.device), false);
  await a.scan(codeOf(1));
  await world.wait(10 * MINUTE_MS);
  expect((await b.scan(codeOf(1)))?.code).toBe("in_ok"); // it cannot know; nobody is refused
  expect((await b.scan(codeOf(2)))?.code).toBe("in_ok");
  await a.scan(codeOf(3));
  await world.wait(10 * MINUTE_MS);
  await world.site.network.setLink(parseDeviceId(b.device), true);
  await world.wait(MINUTE_MS);
  expect([a.status.inside, b.status.inside]).toEqual([3, 3]);
  expect((await a.scan(codeOf(2)))?.code).toBe("out_ok");
  expect((await b.scan(codeOf(3)))?.code).toBe("out_ok");
  await world.close();
});

it("after a power cut a door learns from the others who came and went meanwhile", async () => {
  const { world, doors } = await openDoors(2);
  const [a] = doors as readonly [VirtualKiosk, VirtualKiosk];
  await doors[1]?.scan(codeOf(1));
  await world.wait(2 * MINUTE_MS);
  await world.site.cutPower(1);
  expect((await a.scan(codeOf(1)))?.code).toBe("out_ok");
  await a.scan(codeOf(2));
  await world.wait(10 * MINUTE_MS);
  await world.site.restorePower(1);
  await world.wait(2 * MINUTE_MS);
  const b = world.site.kiosks[1] as VirtualKiosk;
  expect([a.status.inside, b.status.inside]).toEqual([1, 1]);
  expect((await b.scan(codeOf(2)))?.code).toBe("out_ok");
  await world.close();
});

it("doors that wake up without a clock after a power cut tell each other what they saw before it", async () => {
  const clock = { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 } as const;
  const world = await openVirtualWorld(tempFolder(), { doors: [{ clock }, { clock }] });
  await world.wait(MINUTE_MS);
  await world.site.kiosks[0]?.scan(codeOf(1));
  await world.site.kiosks[0]?.scan(codeOf(2));
  await world.site.kiosks[1]?.scan(codeOf(3));
  await world.wait(HOUR_MS);
  await world.site.cutPower(1);
  expect((await world.site.kiosks[0]?.scan(codeOf(2)))?.code).toBe("out_ok");
  await world.site.cutPower(0);
  await world.wait(5 * MINUTE_MS);
  for (const door of [0, 1]) await world.site.restorePower(door);
  await world.wait(2 * MINUTE_MS);
  const [a, b] = world.site.kiosks as readonly [VirtualKiosk, VirtualKiosk];
  expect([a.status.inside, b.status.inside]).toEqual([2, 2]);
  expect((await b.scan(codeOf(1)))?.code).toBe("out_ok");
  expect((await a.scan(codeOf(3)))?.code).toBe("out_ok");
  expect((await b.scan(codeOf(2)))?.code).toBe("in_ok");
  await world.close();
});

it("doors understand each other over the turn of a day, and take another key after one of them was stolen", async () => {
  const { world, doors } = await openDoors(3);
  const [a, b] = doors as readonly [VirtualKiosk, VirtualKiosk];
  const tagKeys = (): readonly string[] => [a, b].map(({ dayKeys }) => Buffer.from(dayKeys.tagKey).toString("hex"));
  await a.scan(codeOf(1));
  await world.wait(10 * HOUR_MS);
  await b.scan(codeOf(2)); // seven in the evening; both leave before four, and after it
  await world.wait(8 * HOUR_MS);
  expect((await b.scan(codeOf(1)))?.code).toBe("in_ok"); // after sixteen hours whoever did not check out counts as gone
  await world.wait(2 * HOUR_MS);
  expect((await a.scan(codeOf(2)))?.code).toBe("out_ok");
  expect(new Set(tagKeys()).size).toBe(1);
  const [stolen] = tagKeys();

  await world.site.revoke(2);
  await world.wait(DAY_MS);
  expect(new Set(tagKeys()).size).toBe(1);
  expect([a, b].map(({ dayKeys }) => dayKeys.siteGeneration)).toEqual([2, 2]);
  expect(tagKeys()).not.toContain(stolen);
  await a.scan(codeOf(3));
  await world.wait(10 * MINUTE_MS);
  expect((await b.scan(codeOf(3)))?.code).toBe("out_ok");
  await world.close();
});

it("the gateway sees neither the shared key nor a visitor's tag", async () => {
  const seen: Buffer[] = [];
  const health = new Map<string, string>();
  const { world, doors } = await openDoors(2, (topic, payload) => {
    seen.push(Buffer.from(payload));
    if (topic.endsWith("/health")) health.set(topic, Buffer.from(payload).toString());
  });
  const [a, b] = doors as readonly [VirtualKiosk, VirtualKiosk];
  await a.scan(codeOf(1));
  await world.wait(2 * MINUTE_MS);
  expect((await b.scan(codeOf(1)))?.code).toBe("out_ok");
  const all = Buffer.concat(seen);
  for (const text of health.values()) expect(JSON.parse(text)).toMatchObject({ otherDoors: { key: true, heard: 1 } });
  expect(health.size).toBe(2);
  expect(a.dayKeys.tagKey).toEqual(b.dayKeys.tagKey);
  const tag = visitorTag(nodeCrypto, a.dayKeys.tagKey, { scheme: "cccd", id: numberOf(1) });
  for (const secret of [Buffer.from(a.dayKeys.tagKey), Buffer.from(tag, "hex"), Buffer.from(tag)])
    expect(all.includes(secret)).toBe(false);
  await world.close();
});
