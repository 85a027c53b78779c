import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketMeter } from "../../../../gateway/broker/packet-meter.ts";
import { TokenBucket } from "../../../../gateway/broker/token-bucket.ts";
import { mqttPacket } from "../../../support/raw-mqtt.ts";

const limits = { maxBytes: 1_000, maxFirstBytes: 100 };
const first = mqttPacket(0x10, Buffer.alloc(100));

describe("PacketMeter", () => {
  it("judges packets the same however the stream is cut", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 300 }), (lengths, step) => {
        const stream = Buffer.concat([first, ...lengths.map((length) => mqttPacket(0x32, Buffer.alloc(length)))]);
        const meter = new PacketMeter(limits);
        for (let at = 0; at < stream.length; at += step) expect(meter.feed(stream.subarray(at, at + step))).toBe(true);
        expect(meter.feed(mqttPacket(0x32, Buffer.alloc(1_001)).subarray(0, 3))).toBe(false);
      }),
    );
  });

  it("refuses a first packet above its own bound", () => {
    expect(new PacketMeter(limits).feed(mqttPacket(0x10, Buffer.alloc(101)).subarray(0, 2))).toBe(false);
  });

  it("refuses at the header, before any of the body has come", () => {
    const meter = new PacketMeter(limits);
    meter.feed(first);
    expect(meter.feed(Buffer.of(0x32, 0xff, 0xff, 0xff, 0x7f))).toBe(false);
  });

  it("refuses a length of five bytes", () => {
    const meter = new PacketMeter(limits);
    meter.feed(first);
    expect(meter.feed(Buffer.of(0x32, 0x80, 0x80, 0x80, 0x80))).toBe(false);
  });
});

describe("TokenBucket", () => {
  it("gives a burst, then the rate", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5, nowMs: 0 });
    const taken = (nowMs: number): number => {
      let n = 0;
      while (bucket.take(nowMs)) n += 1;
      return n;
    };
    expect([taken(0), taken(50), taken(1_000), taken(60_000)]).toEqual([5, 0, 5, 5]);
  });

  it("gives no more for a clock that steps back", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, nowMs: 1_000_000 });
    expect([bucket.take(1_000_000), bucket.take(0), bucket.take(50), bucket.take(100)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});
