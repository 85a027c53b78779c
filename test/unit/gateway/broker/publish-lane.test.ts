import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PublishLane } from "../../../../gateway/broker/publish-lane.ts";
import { publishPacket } from "../../../support/mqtt-wire.ts";
import { runs } from "../../../support/property-runs.ts";
import { mqttPacket } from "../../../support/raw-mqtt.ts";

const TOPICS = new Map([
  ["a/checkins", "checkins"],
  ["a/health", "health"],
]);
const topicBytes = (topic: string): Buffer => Buffer.concat([Buffer.of(0, topic.length), Buffer.from(topic)]);

interface Packet {
  readonly bytes: Uint8Array;
  /** What the lane should say of it; null when it should stay in the stream. */
  readonly taken: string | null;
}

const payloads = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 15_000, maxLength: 17_000 }));
const ids = fc.integer({ min: 1, max: 65_535 });

const taken = fc
  .tuple(fc.constantFrom(...TOPICS.keys()), ids, payloads, fc.boolean())
  .map(([topic, id, payload, dup]): Packet => {
    const bytes = Uint8Array.from(publishPacket(Buffer.from(topic), id, payload));
    if (dup) bytes[0] = (bytes[0] as number) | 8;
    return { bytes, taken: `${TOPICS.get(topic)} ${id} ${Buffer.from(payload).toString("hex")}` };
  });

const left = fc
  .oneof(
    fc.tuple(ids, payloads).map(([id, payload]) => publishPacket(Buffer.from("b/checkins"), id, payload)),
    payloads.map((payload) => mqttPacket(0x30, topicBytes("a/checkins"), payload)), // QoS 0
    fc
      .tuple(ids, payloads)
      .map(([id, payload]) => mqttPacket(0x33, topicBytes("a/checkins"), Buffer.of(id >> 8, id & 255), payload)), // retained
    ids.map((id) => mqttPacket(0x34, topicBytes("a/checkins"), Buffer.of(id >> 8, id & 255))), // QoS 2
    fc.constant(mqttPacket(0x32, topicBytes("a/checkins"), Buffer.of(0, 0))), // packet id 0
    fc.constant(mqttPacket(0x32, Buffer.of(0, 200, 97))), // a topic longer than the packet
    fc.constant(mqttPacket(0x32, Buffer.of(0))),
    fc.constant(mqttPacket(0xc0)),
    ids.map((id) => mqttPacket(0x40, Buffer.of(id >> 8, id & 255))),
  )
  .map((bytes): Packet => ({ bytes, taken: null }));

/** Runs a stream through the lane in pieces of these sizes, over and over. */
function run(lane: PublishLane<string>, stream: Buffer, sizes: readonly number[]): Buffer {
  const stayed: Buffer[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const size = sizes[turn % sizes.length] as number;
    const rest = lane.feed(stream.subarray(at, at + size));
    if (rest) stayed.push(rest);
    at += size;
  }
  return Buffer.concat(stayed);
}

describe("PublishLane", () => {
  it("takes what it should and leaves the rest byte for byte, however the stream is cut", () => {
    const packets = fc.array(fc.oneof(taken, left), { maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(packets, fc.oneof(sizes, fc.constant([1])), (list, cuts) => {
        const heard: string[] = [];
        const lane = new PublishLane<string>((leaf, id, payload) =>
          heard.push(`${leaf} ${id} ${Buffer.from(payload).toString("hex")}`),
        );
        lane.open(TOPICS);
        const stayed = run(lane, Buffer.concat(list.map(({ bytes }) => bytes)), cuts);
        expect(heard).toEqual(list.flatMap((packet) => packet.taken ?? []));
        expect(
          stayed.equals(Buffer.concat(list.filter((packet) => packet.taken === null).map(({ bytes }) => bytes))),
        ).toBe(true);
      }),
      { numRuns: runs(150) },
    );
  });

  it("takes nothing before it is open, and begins with a whole packet when it opens within one", () => {
    const heard: number[] = [];
    const lane = new PublishLane<string>((_leaf, id) => heard.push(id));
    const [one, two] = [
      publishPacket(Buffer.from("a/checkins"), 1, Buffer.alloc(50)),
      publishPacket(Buffer.from("a/checkins"), 2, Buffer.alloc(50)),
    ];
    const before = lane.feed(Buffer.from(one.subarray(0, 20)));
    lane.open(TOPICS);
    const after = lane.feed(Buffer.concat([one.subarray(20), two]));
    expect(Buffer.concat([before as Buffer, after as Buffer]).equals(Buffer.from(one))).toBe(true);
    expect(heard).toEqual([2]);
  });
});
