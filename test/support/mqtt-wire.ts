/** MQTT 3.1.1 packets, written and read by hand: a load generator that leaves the processor to the broker. */

/** What a client says of itself in CONNECT. */
export interface ConnectFields {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** Seconds; 0 switches the broker's supervision off. */
  readonly keepAliveSeconds?: number;
}

const text = new TextEncoder();

function string(value: string): Uint8Array {
  const bytes = text.encode(value);
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

/** Fixed header: type and flags, then the remaining length in groups of seven bits. [MQTT-2.2.3] */
function header(first: number, remaining: number): Uint8Array {
  const bytes = [first];
  let left = remaining;
  do {
    bytes.push((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return Uint8Array.from(bytes);
}

/** A CONNECT packet with a clean session. */
export function connectPacket({ clientId, username, password, keepAliveSeconds = 0 }: ConnectFields): Uint8Array {
  const flags = 2 | (username === undefined ? 0 : 128) | (password === undefined ? 0 : 64);
  const body = Buffer.concat([
    string("MQTT"),
    Uint8Array.of(4, flags, keepAliveSeconds >> 8, keepAliveSeconds & 255),
    string(clientId),
    ...(username === undefined ? [] : [string(username)]),
    ...(password === undefined ? [] : [string(password)]),
  ]);
  return Buffer.concat([header(0x10, body.length), body]);
}

/** A QoS 1 PUBLISH packet. @param id packet identifier, 1 to 65535 */
export function publishPacket(topic: Uint8Array, id: number, payload: Uint8Array): Uint8Array {
  const head = header(0x32, 2 + topic.length + 2 + payload.length);
  const packet = Buffer.allocUnsafe(head.length + 4 + topic.length + payload.length);
  packet.set(head, 0);
  let at = head.length;
  packet[at++] = topic.length >> 8;
  packet[at++] = topic.length & 255;
  packet.set(topic, at);
  at += topic.length;
  packet[at++] = id >> 8;
  packet[at++] = id & 255;
  packet.set(payload, at);
  return packet;
}

/** A SUBSCRIBE packet for one filter at QoS 1. */
export function subscribePacket(filter: string, id: number): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(id >> 8, id & 255), string(filter), Uint8Array.of(1)]);
  return Buffer.concat([header(0x82, body.length), body]);
}

/** Cuts a stream into packets and hands out type (upper four bits of the first byte) and body of each. */
export class PacketReader {
  #rest: Uint8Array = new Uint8Array();
  readonly #take: (type: number, body: Uint8Array) => void;

  constructor(take: (type: number, body: Uint8Array) => void) {
    this.#take = take;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const start = bodyStart(bytes, at);
      if (start === null || start.at + start.length > bytes.length) break;
      this.#take((bytes[at] ?? 0) >> 4, bytes.subarray(start.at, start.at + start.length));
      at = start.at + start.length;
    }
    this.#rest = bytes.subarray(at);
  }
}

function bodyStart(bytes: Uint8Array, from: number): { readonly at: number; readonly length: number } | null {
  let length = 0;
  for (let at = from + 1, shift = 0; at < bytes.length && shift < 28; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    length |= (byte & 127) << shift;
    if (byte < 128) return { at: at + 1, length };
  }
  return null;
}
