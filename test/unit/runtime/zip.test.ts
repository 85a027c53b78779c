import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedError } from "../../../protocol/errors.ts";
import { isZip, readZipEntry } from "../../../runtime/zip.ts";

/** The smallest archive of one file that the format allows. */
function archiveOf(name: string, content: Uint8Array, method: 0 | 8): Buffer {
  const body = method === 0 ? Buffer.from(content) : deflateRawSync(content);
  const [local, entry, end] = [Buffer.alloc(30), Buffer.alloc(46), Buffer.alloc(22)];
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(Buffer.byteLength(name), 26);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(body.length, 20);
  entry.writeUInt16LE(Buffer.byteLength(name), 28);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length + Buffer.byteLength(name) + body.length, 16);
  return Buffer.concat([local, Buffer.from(name), body, entry, Buffer.from(name), end]);
}

describe("readZipEntry", () => {
  it.each([0, 8] as const)("takes a file out that was packed with method %i", (method) => {
    const content = new TextEncoder().encode("EK Export v1    ".repeat(20));
    const archive = archiveOf("export.bin", content, method);
    expect(isZip(archive)).toBe(true);
    expect(readZipEntry(archive, "export.bin", 1_000)).toEqual(content);
    expect(readZipEntry(archive, "export.sig", 1_000)).toBeNull();
    expect(() => readZipEntry(archive, "export.bin", 100)).toThrow(MalformedError);
  });

  it("throws nothing but its own fault, whatever it is given", () => {
    const good = archiveOf("a", new Uint8Array(100), 8);
    const spoilt = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
      const bytes = Uint8Array.from(good);
      bytes[at]! ^= flip;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          readZipEntry(bytes, "a", 1_000);
        } catch (fault) {
          expect(fault).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
