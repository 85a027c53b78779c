/** Bytes that may wait for their commit before no more are read from the broker. */
const MAX_PENDING_BYTES = 1_048_576;

interface Waiting {
  readonly id: number;
  readonly bytes: number;
  kept: boolean;
}

/**
 * PUBACKs of one connection: each goes out when its message is kept, and in the order in which the messages came [MQTT-4.6.0-2].
 *
 * mqtt.js takes the next message only when it was told that the last one is done, so a commit for each would be all that it can do.
 * Here it is told at once, and stopped only while too much waits.
 */
export class AckWindow {
  readonly #send: (ids: readonly number[]) => void;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #resume: (() => void) | null = null;

  /** @param send writes PUBACK for these packet ids */
  constructor(send: (ids: readonly number[]) => void) {
    this.#send = send;
  }

  /** A message came. @param next lets the reader go on @returns what to call when the message is kept */
  add(id: number, bytes: number, next: () => void): () => void {
    const entry: Waiting = { id, bytes, kept: false };
    this.#waiting.push(entry);
    this.#bytes += bytes;
    if (this.#bytes > MAX_PENDING_BYTES) this.#resume = next;
    else next();
    return () => {
      entry.kept = true;
      this.#flush();
    };
  }

  #flush(): void {
    const end = this.#waiting.findIndex(({ kept }) => !kept);
    const done = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    if (done.length === 0) return;
    for (const { bytes } of done) this.#bytes -= bytes;
    this.#send(done.map(({ id }) => id));
    const resume = this.#resume;
    if (resume === null || this.#bytes > MAX_PENDING_BYTES / 2) return;
    this.#resume = null;
    resume();
  }
}
