/** A file of the watched folder; its number stays when its name changes. */
export type FileNumber = number;

/** One operation of the watched process, in the order in which it was done. Names are paths below the watched folder. */
export type Operation =
  | { readonly op: "base"; readonly file: FileNumber; readonly name: string; readonly bytes: Uint8Array }
  | { readonly op: "create"; readonly file: FileNumber; readonly name: string }
  | { readonly op: "write"; readonly file: FileNumber; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly op: "truncate"; readonly file: FileNumber; readonly size: number }
  | { readonly op: "sync"; readonly file: FileNumber }
  | { readonly op: "sync-folder"; readonly name: string }
  | { readonly op: "rename"; readonly file: FileNumber; readonly from: string; readonly name: string }
  | { readonly op: "unlink"; readonly file: FileNumber; readonly name: string }
  | { readonly op: "mkdir"; readonly name: string }
  | { readonly op: "rmdir"; readonly name: string };

const HEADER_BYTES = 24;

/**
 * Reads the journal that powercut.c wrote: little-endian headers of 24 bytes (op u8, pad u8, name length u16, file u32,
 * offset u64, length u32, second name's length u32), each followed by name, second name and bytes.
 *
 * A last record that is not whole is left out: the process died while it wrote it, so nobody was told of it.
 *
 * @throws {Error} when the process did something that the replay cannot honour (a shared writable mapping, a hard link)
 */
export function parseJournal(log: Uint8Array): Operation[] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const operations: Operation[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const nameLength = view.getUint16(at + 2, true);
    const length = view.getUint32(at + 16, true);
    const fromLength = view.getUint32(at + 20, true);
    const end = at + HEADER_BYTES + nameLength + fromLength + length;
    if (end > log.length) break;
    const text = (start: number, size: number): string => new TextDecoder().decode(log.subarray(start, start + size));
    operations.push(
      operation(log[at] ?? 0, {
        file: view.getUint32(at + 4, true),
        offset: Number(view.getBigUint64(at + 8, true)),
        name: text(at + HEADER_BYTES, nameLength),
        second: text(at + HEADER_BYTES + nameLength, fromLength),
        bytes: log.subarray(end - length, end),
      }),
    );
    at = end;
  }
  return operations;
}

interface Fields {
  readonly file: FileNumber;
  readonly offset: number;
  readonly name: string;
  readonly second: string;
  readonly bytes: Uint8Array;
}

const UNSUPPORTED = 11;
const KINDS: Readonly<Record<number, (fields: Fields) => Operation>> = {
  1: ({ file, name, bytes }) => ({ op: "base", file, name, bytes }),
  2: ({ file, name }) => ({ op: "create", file, name }),
  3: ({ file, offset, bytes }) => ({ op: "write", file, offset, bytes }),
  4: ({ file, offset }) => ({ op: "truncate", file, size: offset }),
  5: ({ file }) => ({ op: "sync", file }),
  6: ({ name }) => ({ op: "sync-folder", name }),
  7: ({ file, name, second }) => ({ op: "rename", file, from: name, name: second }),
  8: ({ file, name }) => ({ op: "unlink", file, name }),
  9: ({ name }) => ({ op: "mkdir", name }),
  10: ({ name }) => ({ op: "rmdir", name }),
};

function operation(kind: number, fields: Fields): Operation {
  if (kind === UNSUPPORTED) throw new Error(`the power-cut layer cannot replay ${fields.name}`);
  const make = KINDS[kind];
  if (make === undefined) throw new Error(`the journal holds an unknown operation ${kind}`);
  return make(fields);
}
