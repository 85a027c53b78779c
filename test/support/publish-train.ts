import { publishPacket } from "./mqtt-wire.ts";

/**
 * QoS 1 PUBLISH packets of one client, made beforehand and standing one after another: sending a run of them is one write of bytes that
 * are there, so that the load takes as little as it can of the processor that the broker needs.
 */
export class PublishTrain {
  readonly #bytes: Buffer;
  /** Where each packet ends; packet `n` begins where `n - 1` ends. */
  readonly #ends: Uint32Array;
  readonly #payloadBytes: Uint32Array;

  constructor(topic: string, payloads: readonly Uint8Array[]) {
    const topicBytes = new TextEncoder().encode(topic);
    const packets = payloads.map((payload) => publishPacket(topicBytes, 0, payload));
    this.#bytes = Buffer.concat(packets);
    this.#payloadBytes = Uint32Array.from(payloads, ({ length }) => length);
    let end = 0;
    this.#ends = Uint32Array.from(packets, ({ length }) => (end += length));
  }

  get length(): number {
    return this.#ends.length;
  }

  /** Gives a packet its identifier, before it is sent. @param id 1 to 65,535 */
  setId(message: number, id: number): void {
    this.#bytes.writeUInt16BE(id, (this.#ends[message] ?? 0) - (this.#payloadBytes[message] ?? 0) - 2);
  }

  /** The packets from one message to before another, as a view. */
  run(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(this.#ends[from - 1] ?? 0, this.#ends[to - 1] ?? 0);
  }
}
