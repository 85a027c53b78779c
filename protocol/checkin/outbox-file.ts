import { decodeCbor, encodeCbor } from "../cbor.ts";
import { MalformedError } from "../errors.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../ids.ts";

/** Ends of the names of the two kinds of files that a USB stick carries. */
export const OUTBOX_SUFFIX = ".bpout";
export const RECEIPTS_SUFFIX = ".bprec";

/** Most bytes of one file that is read. */
export const MAX_STICK_FILE_BYTES = 16_777_216;
/** Most messages of one file. */
export const MAX_STICK_MESSAGES = 5_000;

/** Signed messages of one kiosk, as they would have gone over the network: batches one way, receipts the other. */
export interface StickFile {
  readonly kind: "outbox" | "receipts";
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly messages: readonly Uint8Array[];
}

const VERSION = 1;
const LABEL = { outbox: "bluepost outbox", receipts: "bluepost receipts" } as const;

/** Encodes a file. Byte table: protocol/FORMATS.md, "Files on a USB stick". */
export function encodeStickFile({ kind, site, device, messages }: StickFile): Uint8Array {
  return encodeCbor([LABEL[kind], VERSION, site, device, messages]);
}

/**
 * Decodes a file. The messages themselves are not looked at: each carries its own signature.
 *
 * @throws {MalformedError} PROTO_MALFORMED when it is not such a file
 */
export function decodeStickFile(bytes: Uint8Array): StickFile {
  if (bytes.length > MAX_STICK_FILE_BYTES) throw new MalformedError("too long for a file of ours");
  const fields = decodeCbor(bytes);
  if (!Array.isArray(fields) || fields.length !== 5 || fields[1] !== VERSION)
    throw new MalformedError("not a file of ours");
  const [label, , site, device, messages] = fields as readonly unknown[];
  const kind = label === LABEL.outbox ? "outbox" : label === LABEL.receipts ? "receipts" : null;
  const isList = Array.isArray(messages) && messages.length <= MAX_STICK_MESSAGES;
  if (kind === null || !isList || !messages.every((message) => message instanceof Uint8Array))
    throw new MalformedError("not a file of ours");
  return { kind, site: parseSiteId(site), device: parseDeviceId(device), messages: messages as readonly Uint8Array[] };
}
