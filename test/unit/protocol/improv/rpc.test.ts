import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, toHex, utf8 } from "../../../../protocol/bytes.ts";
import {
  encodeImprovFrame,
  encodeTexts,
  ImprovAssembler,
  type ImprovFrame,
  parseImprovBody,
  parseTexts,
  parseWifiCredentials,
} from "../../../../protocol/improv/rpc.ts";

/** The example of the specification: SSID MyWirelessAP, password mysecurepassword; its checksum is computed here. */
const EXAMPLE = concatBytes(
  Uint8Array.of(0x01, 0x1e, 0x0c),
  utf8("MyWirelessAP"),
  Uint8Array.of(0x10),
  utf8("mysecurepassword"),
  Uint8Array.of(0xc0),
);
const commands = fc.record({
  kind: fc.constant("command" as const),
  command: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 255 }),
});

/** Cuts bytes at places that a test draws. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

describe("the specification's example", () => {
  it("is what we encode, to the byte", () => {
    expect(toHex(encodeImprovFrame(1, encodeTexts(["MyWirelessAP", "mysecurepassword"])))).toBe(toHex(EXAMPLE));
  });

  it("is read as name and password", () => {
    const [frame] = new ImprovAssembler().push(EXAMPLE);
    expect(frame).toMatchObject({ kind: "command", command: 1 });
    const data = frame?.kind === "command" ? frame.data : new Uint8Array(0);
    expect(parseWifiCredentials(data)).toEqual({ ssid: "MyWirelessAP", password: "mysecurepassword" });
  });

  it("has the checksums that it prints for commands without data", () => {
    expect([2, 3, 4].map((command) => toHex(encodeImprovFrame(command, new Uint8Array(0))))).toEqual([
      "020002",
      "030003",
      "040004",
    ]);
  });
});

describe("frames over Bluetooth", () => {
  it("come out the same, however the writes cut them", () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 4 }), fc.array(fc.nat()), (sent, places) => {
        const assembler = new ImprovAssembler();
        const bytes = concatBytes(...sent.map(({ command, data }) => encodeImprovFrame(command, data)));
        const got: ImprovFrame[] = cut(bytes, places).flatMap((part) => assembler.push(part));
        expect(got).toEqual(sent);
        expect(assembler.isWaiting).toBe(false);
      }),
    );
  });

  it("are broken when one byte of them changed, and the next write is read as if nothing had been", () => {
    fc.assert(
      fc.property(commands, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, place, change) => {
        const frame = encodeImprovFrame(sent.command, sent.data);
        const at = place % frame.length;
        fc.pre(at !== 1); // a wrong length waits for more, see below
        frame[at] = (frame[at] as number) ^ change;
        const assembler = new ImprovAssembler();
        expect(assembler.push(frame)).toEqual([{ kind: "broken" }]);
        expect(assembler.push(EXAMPLE)).toMatchObject([{ kind: "command", command: 1 }]);
      }),
    );
  });

  it("wait for their rest, until they are forgotten", () => {
    const assembler = new ImprovAssembler();
    expect(assembler.push(Uint8Array.of(1, 200, 3))).toEqual([]);
    expect(assembler.isWaiting).toBe(true);
    assembler.reset();
    expect(assembler.push(EXAMPLE)).toHaveLength(1);
  });

  it("never make it throw or hold more than one of them, whatever is written", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), (writes) => {
        const assembler = new ImprovAssembler();
        for (const write of writes) for (const frame of assembler.push(write)) expect(frame.kind).toBeTypeOf("string");
      }),
    );
  });

  it("without checksum are broken when their length is not what follows", () => {
    expect(parseImprovBody(Uint8Array.of(4, 0))).toEqual({ kind: "command", command: 4, data: new Uint8Array(0) });
    for (const body of [[], [4], [4, 1], [4, 0, 0]]) {
      expect(parseImprovBody(Uint8Array.from(body))).toEqual({ kind: "broken" });
    }
  });

  it("cannot be made of more than 255 bytes", () => {
    expect(() => encodeImprovFrame(4, new Uint8Array(256))).toThrow(
      expect.objectContaining({ code: "PROTO_OUT_OF_RANGE" }),
    );
  });
});

describe("lists of texts", () => {
  it("read back as they were encoded", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 6 }), (texts) => {
        expect(parseTexts(encodeTexts(texts))).toEqual(texts);
      }),
    );
  });

  it("are malformed when cut or not UTF-8", () => {
    for (const data of [
      [5, 65],
      [1, 0xff],
    ]) {
      expect(() => parseTexts(Uint8Array.from(data))).toThrow(expect.objectContaining({ code: "PROTO_MALFORMED" }));
    }
  });
});

describe("name and password", () => {
  const read = (...texts: string[]): unknown => parseWifiCredentials(encodeTexts(texts));

  it("may be Vietnamese, with spaces at the ends, and an open network's password is empty", () => {
    expect(read(" Chợ Rạch Sỏi ", "")).toEqual({ ssid: " Chợ Rạch Sỏi ", password: "" });
  });

  it("are refused without a name, with a third text, or longer than Wi-Fi allows", () => {
    expect(read("", "secret")).toBeNull();
    expect(read("a")).toBeNull();
    expect(read("a", "b", "c")).toBeNull();
    expect(read("x".repeat(33), "")).toBeNull();
    expect(read("x", "y".repeat(65))).toBeNull();
    expect(read("x".repeat(32), "y".repeat(64))).not.toBeNull();
    expect(parseWifiCredentials(Uint8Array.of(3, 65))).toBeNull();
    expect(parseWifiCredentials(Uint8Array.of(1, 0xff, 0))).toBeNull();
  });
});
