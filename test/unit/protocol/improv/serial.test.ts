import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, toHex, utf8 } from "../../../../protocol/bytes.ts";
import { encodeImprovBody } from "../../../../protocol/improv/rpc.ts";
import { encodeSerialPacket, SERIAL_PACKET, SerialDeframer } from "../../../../protocol/improv/serial.ts";

const packets = fc.record({
  kind: fc.constant("packet" as const),
  type: fc.integer({ min: 1, max: 4 }),
  data: fc.uint8Array({ maxLength: 255 }),
});
/** Anything but an I, by which a packet might begin. */
const junk = fc.uint8Array({ maxLength: 30 }).map((bytes) => bytes.map((byte) => (byte === 0x49 ? 0 : byte)));
const ask = (command: number): Uint8Array =>
  encodeSerialPacket(SERIAL_PACKET.command, encodeImprovBody(command, new Uint8Array(0)));

describe("packets over a cable", () => {
  it("are IMPROV, version, type, length, data and the sum of all that", () => {
    // what improv-wifi.com's own client sends to ask for the state, without its line end
    expect(toHex(ask(2))).toBe("494d50524f5601030202" + "00e5");
    expect(toHex(encodeSerialPacket(SERIAL_PACKET.state, Uint8Array.of(2)))).toBe("494d50524f5601010102e2");
  });

  it("are found in any noise and however the reads cut them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(junk, packets), { maxLength: 4 }), fc.array(fc.nat()), (sent, places) => {
        const bytes = concatBytes(
          ...sent.flatMap(([noise, { type, data }]) => [noise, encodeSerialPacket(type, data)]),
        );
        const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const deframer = new SerialDeframer();
        const got = at.slice(1).flatMap((end, index) => deframer.push(bytes.slice(at[index], end)));
        expect(got).toEqual(sent.map(([, packet]) => packet));
      }),
    );
  });

  it("are found after a beginning that was cut, and after one that is doubled", () => {
    const whole = ask(3);
    expect(new SerialDeframer().push(concatBytes(utf8("IMPIMPROVIMPROV"), whole))).toMatchObject([{ kind: "packet" }]);
  });

  it("are told as broken when a byte changed, and the next one is read", () => {
    const damaged = ask(3);
    damaged[9] = 4;
    const got = new SerialDeframer().push(concatBytes(damaged, ask(4)));
    expect(got).toEqual([{ kind: "broken" }, { kind: "packet", type: 3, data: Uint8Array.of(4, 0) }]);
  });

  it("are not lost behind one whose length is too great", () => {
    const damaged = ask(3);
    damaged[8] = 14; // reaches into the next one
    const got = new SerialDeframer().push(concatBytes(damaged, ask(4)));
    expect(got.at(-1)).toEqual({ kind: "packet", type: 3, data: Uint8Array.of(4, 0) });
  });

  it("of another version are noise", () => {
    const other = ask(2);
    other[6] = 2;
    expect(new SerialDeframer().push(concatBytes(other, ask(2)))).toHaveLength(1);
  });

  it("never make it throw, nor hold more than one packet, whatever comes", () => {
    const long = new SerialDeframer();
    for (let turn = 0; turn < 100; turn += 1) long.push(utf8("x".repeat(1_000)));
    expect(long.isWaiting).toBe(false);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (reads) => {
        const deframer = new SerialDeframer();
        for (const read of reads) for (const packet of deframer.push(read)) expect(packet.kind).toBeTypeOf("string");
      }),
    );
  });
});
