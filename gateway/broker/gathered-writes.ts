import type { Socket } from "node:net";

/**
 * Makes a socket send what is written to it within one turn of the loop as one piece.
 *
 * aedes' packet writer makes three writes of every PUBACK, corks the socket for each and asks for a tick to uncork it: for a group of a
 * thousand that is thousands of write requests, and over TLS of records. The order of bytes stays; `write` still says when to wait for
 * "drain", and callbacks still come when the bytes are gone.
 */
export function gatherWrites(socket: Socket): void {
  const send = socket.write.bind(socket) as (bytes: Uint8Array, done: (fault?: Error | null) => void) => boolean;
  let parts: Uint8Array[] = [];
  let waiting: ((fault?: Error | null) => void)[] = [];
  const flush = (): void => {
    const [bytes, callbacks] = [parts.length === 1 ? parts[0] : Buffer.concat(parts), waiting];
    [parts, waiting] = [[], []];
    if (bytes === undefined) return;
    send(bytes, (fault) => {
      for (const callback of callbacks) callback(fault);
    });
  };
  const gather = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    if (parts.length === 0) process.nextTick(flush);
    parts.push(typeof chunk === "string" ? Buffer.from(chunk, encodingOf(encoding)) : chunk);
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") waiting.push(done as (fault?: Error | null) => void);
    return !socket.writableNeedDrain;
  };
  Object.assign(socket, { write: gather, cork: undefined }); // without `cork` the packet writer does not ask to uncork
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8";
}
