import { connect as connectSocket, type Socket } from "node:net";

/** Bytes of one MQTT packet: first byte, remaining length, body. */
export function mqttPacket(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.of(first, ...length), body]);
}

/** A client without manners: it writes bytes, notes acknowledgements, and knows nothing else. */
export class RawClient {
  readonly socket: Socket;
  /** Packet ids acknowledged so far, in order. */
  readonly acked: number[] = [];
  /** Return codes of SUBACK so far, in order; 128 is a refusal. */
  readonly subacks: number[] = [];
  /** Return code of CONNACK; null before it. */
  connack: number | null = null;
  closed = false;
  onAck: (id: number) => void = () => {};
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Opens a socket to a port of this machine; sends nothing. */
  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket({ host: "127.0.0.1", port, noDelay: true });
      socket.once("connect", () => resolve(new RawClient(socket)));
      socket.once("error", reject);
    });
  }

  write(...packets: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(packets));
  }

  destroy(): void {
    this.socket.resetAndDestroy();
  }

  #read(chunk: Buffer): void {
    let at = 0;
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (at + 2 <= all.length && at + 2 + (all[at + 1] as number) <= all.length) {
      const kind = (all[at] as number) >> 4;
      if (kind === 2) this.connack = all[at + 3] as number;
      if (kind === 9) this.subacks.push(...all.subarray(at + 4, at + 2 + (all[at + 1] as number)));
      if (kind === 4) this.#ack(all.readUInt16BE(at + 2));
      at += 2 + (all[at + 1] as number); // answers to a publisher are short: one length byte
    }
    this.#rest = all.subarray(at);
  }

  #ack(id: number): void {
    this.acked.push(id);
    this.onAck(id);
  }
}
