import { open } from "node:fs/promises";
import { concatBytes } from "../../protocol/bytes.ts";
import { MalformedError } from "../../protocol/errors.ts";
import type { QrParser } from "../../protocol/qr/parser.ts";
import type { ReadingContext } from "../../protocol/qr/reading.ts";
import { MAX_PHOTO_BYTES, photoKind, readPhoto } from "../../runtime/zxing-wasm-photos.ts";
import { type DecodeReport, reportOf } from "./report.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Largest file that is read, bytes. */
const MAX_FILE_BYTES = MAX_PHOTO_BYTES;

/** What stands between a file and its reports. */
export interface DecodeDeps {
  readonly parser: QrParser;
  readonly context: ReadingContext;
  readonly reveal: boolean;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Called once for each report, in order. */
  readonly report: (report: DecodeReport) => void;
}

/** Why a file could not be read at all, by the operating system's error code. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "no_such_file",
  ENOTDIR: "no_such_file",
  EISDIR: "is_a_folder",
  EACCES: "not_permitted",
  EPERM: "not_permitted",
};

/**
 * Reads every file in turn and reports each payload: the lines of a text, or the QR codes of a PNG or JPEG photo. A file that cannot be
 * read is reported as such, and the others are still done.
 *
 * @param files paths; `-` is standard input
 * @returns how many files could not be read
 */
export async function decodeFiles(files: readonly string[], deps: DecodeDeps): Promise<number> {
  let unreadable = 0;
  for (const file of files) {
    const bytes = file === "-" ? await bytesOfStream(deps.stdin) : await bytesOfFile(file);
    if (typeof bytes === "string") {
      unreadable += 1;
      deps.report({ ...nothing(bytes), file, item: 1 });
    } else await decodeBytes(file, bytes, deps);
  }
  return unreadable;
}

function nothing(reason: string): Omit<DecodeReport, "file" | "item"> {
  return { format: null, verdict: "unreadable", reason, fields: {} };
}

async function decodeBytes(file: string, bytes: Uint8Array, deps: DecodeDeps): Promise<void> {
  const payloads = photoKind(bytes) ? await photoPayloads(bytes) : linesOf(bytes);
  if (typeof payloads === "string") deps.report({ ...nothing(payloads), file, item: 1 });
  else {
    for (const { item, payload } of payloads) {
      const reading = await deps.parser.parse(payload, deps.context);
      deps.report({ file, item, ...reportOf(reading, deps.reveal) });
    }
  }
}

interface Payload {
  readonly item: number;
  readonly payload: Uint8Array;
}

async function photoPayloads(bytes: Uint8Array): Promise<readonly Payload[] | string> {
  try {
    const symbols = await readPhoto(bytes);
    return symbols.length === 0
      ? "no_code_found"
      : symbols.map(({ bytes: payload }, at) => ({ item: at + 1, payload }));
  } catch (fault) {
    if (fault instanceof MalformedError) return "not_a_picture";
    throw fault;
  }
}

/** The lines that are not empty, as bytes: what is no UTF-8 is for the parser to say. */
function linesOf(bytes: Uint8Array): readonly Payload[] | string {
  const payloads: Payload[] = [];
  let start = 0;
  let item = 0;
  while (start < bytes.length) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed;
    const payload = bytes.subarray(start, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
    item += 1;
    if (payload.length > 0) payloads.push({ item, payload });
    start = end + 1;
  }
  return payloads.length === 0 ? "empty" : payloads;
}

async function bytesOfFile(path: string): Promise<Uint8Array | string> {
  try {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      return size > MAX_FILE_BYTES ? "too_large" : new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (fault) {
    const code = fault instanceof Error && "code" in fault ? String(fault.code) : "";
    return FILE_FAULTS[code] ?? "cannot_be_read";
  }
}

async function bytesOfStream(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array | string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_FILE_BYTES) return "too_large";
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}
