import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toBase45 } from "../../protocol/qr/base45.ts";

/** A place in which an identity was found: where, and in which encoding. Never the identity itself. */
export interface Leak {
  readonly where: string;
  readonly encoding: string;
}

/** One way in which an identity could stand somewhere. */
interface Trace {
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Every usual encoding of one identity, and its plain hashes: what a careless log, topic or table could hold. */
export function tracesOf(identity: string | Uint8Array): readonly Trace[] {
  if (typeof identity !== "string") return binaryTraces(Buffer.from(identity));
  const raw = Buffer.from(identity, "utf8");
  const trace = (encoding: string, bytes: Buffer | string): Trace => ({ encoding, bytes: Buffer.from(bytes) });
  const traces = [
    trace("raw", raw),
    trace("hex", raw.toString("hex")),
    trace("HEX", raw.toString("hex").toUpperCase()),
    trace("percent", [...raw].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")),
    trace("PERCENT", [...raw].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")),
    trace("uri", encodeURIComponent(identity)),
    trace("utf16le", Buffer.from(identity, "utf16le")),
    trace("utf16be", Buffer.from(identity, "utf16le").swap16()),
    trace("base45", toBase45(raw)),
    ...base64Traces(raw),
  ];
  for (const name of ["md5", "sha1", "sha256"]) {
    const digest = createHash(name).update(raw).digest();
    traces.push(
      trace(name, digest),
      trace(`${name} hex`, digest.toString("hex")),
      trace(`${name} base64`, digest.toString("base64").slice(0, 20)),
    );
  }
  return traces;
}

/** Of bytes that are no text: identifiers and addresses of radios. */
function binaryTraces(raw: Buffer): readonly Trace[] {
  const trace = (encoding: string, bytes: Buffer | string): Trace => ({ encoding, bytes: Buffer.from(bytes) });
  const pairs = [...raw].map((byte) => byte.toString(16).padStart(2, "0"));
  return [
    trace("raw", raw),
    trace("reversed", Buffer.from(raw).reverse()),
    trace("hex", pairs.join("")),
    trace("HEX", pairs.join("").toUpperCase()),
    trace("colons", pairs.join(":")),
    trace("COLONS", pairs.join(":").toUpperCase()),
    trace("list", [...raw].join(",")),
    ...base64Traces(raw),
  ];
}

/** Base64 depends on what stands before the text: three alignments, without the characters that neighbours change. */
function base64Traces(raw: Buffer): readonly Trace[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), raw]).toString("base64");
    const first = shift === 0 ? 0 : shift + 1;
    const body = text.slice(first, Math.floor(((raw.length + shift) * 8) / 6));
    return ["base64", "base64url"].map((encoding) => ({
      encoding,
      bytes: Buffer.from(encoding === "base64" ? body : body.replaceAll("+", "-").replaceAll("/", "_")),
    }));
  });
}

/** Searches named bytes for any trace of any identity. */
export function findLeaks(
  sources: Iterable<readonly [where: string, bytes: Buffer]>,
  identities: readonly (string | Uint8Array)[],
): readonly Leak[] {
  const traces = identities.flatMap(tracesOf);
  const leaks: Leak[] = [];
  for (const [where, bytes] of sources) {
    for (const { encoding, bytes: needle } of traces) if (bytes.includes(needle)) leaks.push({ where, encoding });
  }
  return leaks;
}

/** Every file under a folder, name and content. */
export function* filesUnder(folder: string): Generator<readonly [where: string, bytes: Buffer]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    yield [`name of ${entry.isDirectory() ? "folder" : "file"}`, Buffer.from(entry.name)];
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile()) yield [entry.name, readFileSync(path)];
  }
}
