import { inflateRawSync } from "node:zlib";
import { MalformedError } from "../protocol/errors.ts";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/**
 * Takes one file out of a zip archive, by name.
 *
 * Source: PKWARE APPNOTE 6.3, without encryption, spanning and Zip64.
 *
 * @returns null when the archive has no such file
 * @throws {MalformedError} PROTO_MALFORMED when it is not an archive, or the file is longer than `maxBytes`
 */
export function readZipEntry(archive: Uint8Array, name: string, maxBytes: number): Uint8Array | null {
  try {
    const zip = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
    const end = endOf(zip);
    let at = zip.readUInt32LE(end + 16);
    for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
      if (zip.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new RangeError("entry");
      const [nameBytes, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [
        number,
        number,
        number,
      ];
      const found = zip.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
      if (found === name) return contentOf(zip, at, maxBytes);
      at += ENTRY_BYTES + nameBytes + extra + comment;
    }
    return null;
  } catch (cause) {
    throw new MalformedError("not a zip archive of a fitting size", { bytes: archive.length, maxBytes }, { cause });
  }
}

/** Whether bytes begin as an archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function endOf(zip: Buffer): number {
  for (let at = zip.length - END_BYTES; at >= Math.max(0, zip.length - END_BYTES - MAX_COMMENT_BYTES); at -= 1) {
    if (zip.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new RangeError("end");
}

function contentOf(zip: Buffer, entry: number, maxBytes: number): Uint8Array {
  const method = zip.readUInt16LE(entry + 10);
  const packed = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  if (zip.readUInt32LE(local) !== LOCAL_SIGNATURE) throw new RangeError("local");
  const from = local + LOCAL_BYTES + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  if (from + packed > zip.length) throw new RangeError("length");
  const body = zip.subarray(from, from + packed);
  if (method !== STORED && method !== DEFLATED) throw new RangeError("method");
  const plain = method === STORED ? body : inflateRawSync(body, { maxOutputLength: maxBytes });
  if (plain.length > maxBytes) throw new RangeError("size");
  return new Uint8Array(plain);
}
