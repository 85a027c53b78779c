import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_SYMBOL_BYTES } from "../../../../firmware/ports/qr-scanner.ts";
import { type Frame, gapMsFor, ScanFramer, type ScanFramerOptions } from "../../../../firmware/rpi/scan-framer.ts";
import { utf8 } from "../../../../protocol/bytes.ts";

const decoder = new TextDecoder();
const show = (frame: Frame): string =>
  frame.kind === "symbol" ? decoder.decode(frame.bytes) : `oversize ${frame.byteCount}`;

/** What comes out of these bytes; `silence` after them ends what is held. */
function frames(wire: string | Uint8Array, options: ScanFramerOptions & { silence?: boolean } = {}): string[] {
  const framer = new ScanFramer(options);
  const cut = framer.push(typeof wire === "string" ? utf8(wire) : wire);
  const last = options.silence === false ? null : framer.gap();
  return [...cut, ...(last ? [last] : [])].map(show);
}

describe("ScanFramer", () => {
  it.each([
    ["CR", "A1\rB2\r"],
    ["LF", "A1\nB2\n"],
    ["CRLF", "A1\r\nB2\r\n"],
    ["TAB", "A1\tB2\t"],
    ["ETX alone", "A1\u0003B2\u0003"],
    ["STX and ETX", "\u0002A1\u0003\u0002B2\u0003"],
    ["STX, ETX and CRLF", "\u0002A1\u0003\r\n\u0002B2\u0003\r\n"],
    ["STX and CR within ETX", "\u0002A1\r\u0003\u0002B2\r\u0003"],
  ])("ends a symbol at once with %s", (_, wire) => {
    expect(frames(wire, { silence: false })).toEqual(["A1", "B2"]);
  });

  it("ends a symbol without suffix with silence only", () => {
    const framer = new ScanFramer();
    expect(framer.push(utf8("A1"))).toEqual([]);
    expect(framer.pending).toBe(true);
    expect(framer.gap()).toEqual({ kind: "symbol", bytes: utf8("A1") });
    expect(framer.pending).toBe(false);
    expect(framer.gap()).toBeNull();
  });

  it("keeps line breaks and tabs of a code that stands between STX and ETX", () => {
    expect(frames("\u0002BEGIN\r\nN:\tAn\nEND\u0003")).toEqual(["BEGIN\r\nN:\tAn\nEND"]);
  });

  it("ends a code with STX but no ETX with the next STX, or with silence", () => {
    expect(frames("\u0002A1\r\u0002B2\r")).toEqual(["A1", "B2"]);
  });

  it("takes off the AIM identifier of any symbology, and no other bracket", () => {
    expect(frames("]Q3BP1:X\r]d1Y\r]X\r][1]\r]Qx\r")).toEqual(["BP1:X", "Y", "]X", "][1]", "]Qx"]);
  });

  it("takes off a prefix and a suffix that the scanner is set to", () => {
    const options = { prefix: utf8("QR:"), suffix: utf8("#") };
    expect(frames("QR:]Q3A1#\rB2\r", options)).toEqual(["A1", "B2"]);
  });

  it("drops noise before a symbol", () => {
    expect(frames(new Uint8Array([0, 0xff, 0xfe, 0x1b, 0x41, 0x31, 0x0d]))).toEqual(["A1"]);
    expect(frames("junk\u0002A1\u0003")).toEqual(["A1"]);
    expect(frames(new Uint8Array([0, 0xff, 0, 0x0d, 0x7f]))).toEqual([]);
  });

  it("keeps bytes that are no text within a symbol", () => {
    const framer = new ScanFramer();
    const wire = new Uint8Array([0x41, 0xff, 0x00, 0x80, 0xc3, 0x0d]);
    expect(framer.push(wire)).toEqual([{ kind: "symbol", bytes: wire.slice(0, 5) }]);
  });

  it("keeps the largest QR code, names a larger frame by its size only, and goes on", () => {
    const largest = "7".repeat(MAX_SYMBOL_BYTES);
    const wire = `${largest}\r${largest}8\r${"x".repeat(100_000)}\rok\r`;
    expect(frames(`]Q3${wire}`)).toEqual([largest, "oversize 7090", "oversize 100000", "ok"]);
  });

  it("hands out bytes of their own: a later symbol does not change an earlier one", () => {
    const framer = new ScanFramer();
    const [first] = framer.push(utf8("AAAA\r"));
    framer.push(utf8("BBBB\r"));
    expect(first && show(first)).toBe("AAAA");
  });

  it("gives the same symbols however the line is cut into chunks", () => {
    const byte = fc.oneof(
      fc.constantFrom(0x02, 0x03, 0x09, 0x0a, 0x0d, 0x00, 0xff, 0x5d, 0x51),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 200 }), fc.array(fc.integer({ min: 1, max: 9 })), (bytes, sizes) => {
        const wire = Uint8Array.from(bytes);
        const framer = new ScanFramer();
        const cut: Frame[] = [];
        let at = 0;
        for (const size of [...sizes, wire.length]) {
          cut.push(...framer.push(wire.subarray(at, at + size)));
          at += size;
        }
        const last = framer.gap();
        expect([...cut, ...(last ? [last] : [])].map(show)).toEqual(frames(wire));
      }),
    );
  });

  it("gives back every printable symbol under every way of framing", () => {
    const symbol = fc.stringMatching(/^[ -\\^-~][ -~]{0,40}$/);
    const framing = fc.constantFrom(
      ["", "\r"],
      ["", "\r\n"],
      ["", "\t"],
      ["\u0002", "\u0003"],
      ["\u0002", "\u0003\r\n"],
      ["]Q3", "\n"],
    );
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 6 }), framing, (symbols, [before, after]) => {
        expect(frames(symbols.map((text) => `${before}${text}${after}`).join(""))).toEqual(symbols);
      }),
    );
  });
});

describe("gapMsFor", () => {
  it("waits longer on a slower line, and always longer than a USB chip holds bytes back", () => {
    expect([9_600, 38_400, 115_200].map(gapMsFor)).toEqual([64, 39, 33]);
    expect(gapMsFor(921_600)).toBeGreaterThan(16);
  });
});
