import { standsAt } from "../../protocol/bytes.ts";

/** What the lane hands over: a QoS 1 message on one of its topics. */
export type LaneMessage<Leaf> = (leaf: Leaf, messageId: number, payload: Uint8Array) => void;

/** PUBLISH with QoS 1 and no retain; the duplicate flag does not matter. [MQTT-3.3.1] */
const PUBLISH_QOS1 = 0x32;
const DUP_MASK = 0xf7;
const MAX_LENGTH_BYTES = 4;

interface Header {
  /** Bytes of the fixed header. */
  readonly head: number;
  /** Bytes of the whole packet. */
  readonly total: number;
}

/**
 * Takes the messages that make up nearly all traffic out of an MQTT byte stream, and leaves everything else in it, in order.
 *
 * A general broker spends more on parsing, copying and passing on one such message than the spool spends on keeping it. Until `open`
 * nothing is taken, but packets are followed from the first byte, so the lane may be opened between any two. Lengths must have been
 * bounded before (packet-meter.ts): a packet that is taken is held until it is whole.
 */
export class PublishLane<Leaf> {
  readonly #take: LaneMessage<Leaf>;
  /** Topics whose messages are taken; none before `open`. */
  #topics: readonly { readonly topic: Buffer; readonly leaf: Leaf }[] = [];
  /** Bytes of a packet that stays in the stream, still to pass. */
  #passing = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes that must be there before the held packet can be looked at again. */
  #needed = 0;

  constructor(take: LaneMessage<Leaf>) {
    this.#take = take;
  }

  /** From the next packet on, messages on these topics are taken. */
  open(topics: ReadonlyMap<string, Leaf>): void {
    this.#topics = [...topics].map(([topic, leaf]) => ({ topic: Buffer.from(topic), leaf }));
  }

  /** Takes the next bytes of the stream. @returns those that stay in it; null when none do */
  feed(chunk: Buffer): Buffer | null {
    if (this.#heldBytes + chunk.length < this.#needed) {
      this.#hold(chunk, this.#needed);
      return null;
    }
    const bytes = this.#heldBytes > 0 ? Buffer.concat([...this.#held, chunk]) : chunk;
    [this.#held, this.#heldBytes, this.#needed] = [[], 0, 0];
    return this.#walk(bytes);
  }

  #walk(bytes: Buffer): Buffer | null {
    const stay: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, bytes.length - at);
        this.#passing -= step;
        at += step;
        continue;
      }
      const header = readHeader(bytes, at);
      if (header === null || (this.#mayTake(bytes, at) && at + header.total > bytes.length)) {
        this.#hold(bytes.subarray(at), header?.total ?? bytes.length - at + 1);
        break;
      }
      if (!this.#takePacket(bytes, at, header)) {
        this.#passing = header.total;
        continue;
      }
      if (at > from) stay.push(bytes.subarray(from, at));
      at += header.total;
      from = at;
    }
    if (at > from) stay.push(bytes.subarray(from, at));
    return stay.length > 1 ? Buffer.concat(stay) : (stay[0] ?? null);
  }

  #hold(bytes: Buffer, needed: number): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#needed = needed;
  }

  #mayTake(bytes: Buffer, at: number): boolean {
    return this.#topics.length > 0 && ((bytes[at] as number) & DUP_MASK) === PUBLISH_QOS1;
  }

  #takePacket(bytes: Buffer, at: number, { head, total }: Header): boolean {
    if (!this.#mayTake(bytes, at) || total < head + 4) return false;
    const start = at + head + 2;
    const length = bytes.readUInt16BE(start - 2);
    const known = this.#topics.find(({ topic }) => topic.length === length && standsAt(bytes, start, topic));
    const body = start + length + 2;
    if (!known || body > at + total) return false;
    const messageId = bytes.readUInt16BE(body - 2);
    if (messageId === 0) return false; // [MQTT-2.3.1-1]: whoever gets it next refuses it
    this.#take(known.leaf, messageId, bytes.subarray(body, at + total));
    return true;
  }
}

/** Fixed header at `at`; null when its bytes are not all there. */
function readHeader(bytes: Buffer, at: number): Header | null {
  let length = 0;
  for (let digit = 0; digit < MAX_LENGTH_BYTES; digit += 1) {
    const byte = bytes[at + 1 + digit];
    if (byte === undefined) return null;
    length += (byte & 127) * 128 ** digit;
    if (byte < 128) return { head: 2 + digit, total: 2 + digit + length };
  }
  return { head: 5, total: 5 + length }; // longer than MQTT allows: the meter has ended such a stream
}
