import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type SecureContextOptions } from "node:tls";
import { connectPacket, PacketReader } from "./mqtt-wire.ts";
import type { PublishTrain } from "./publish-train.ts";

/** Certificates of one client, PEM. */
export type ClientTls = Pick<SecureContextOptions, "ca" | "cert" | "key"> & { readonly servername?: string };

/** What to publish, where, and by whom. Callbacks get the client's number from 0 and its message's place in its train. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** Default 100. */
  readonly clients?: number;
  /** Unacknowledged messages of one client; default 16, at most 65,535. */
  readonly inFlight?: number;
  /** Stops after this time at the latest, else when all messages are acknowledged. */
  readonly durationMs?: number;
  /** What each client sends. */
  readonly trains: (client: number) => PublishTrain;
  /** First message of each train to send, from 0; and the one to stop before, default the whole train. */
  readonly from?: number;
  readonly to?: number;
  readonly clientId?: (client: number) => string;
  readonly username?: (client: number) => string | undefined;
  readonly password?: (client: number) => string | undefined;
  readonly tls?: (client: number) => ClientTls;
  /** Told of every acknowledged message: what a later count must find again. */
  readonly onAck?: (client: number, message: number) => void;
}

/** What came of a load. */
export interface LoadReport {
  readonly sent: number;
  readonly acked: number;
  /** Between the first PUBLISH and the last PUBACK. */
  readonly seconds: number;
  readonly acksPerSecond: number;
  /** Milliseconds from writing a PUBLISH to reading its PUBACK; null when nothing was acknowledged. */
  readonly ackMs: { readonly p50: number; readonly p99: number } | null;
  /** Clients whose connection ended before the load did. */
  readonly dropped: number;
}

const CONNACK = 2;
const PUBACK = 4;
const PUBACK_BYTES = 4;
const PUBACK_HEAD = 0x4002;
const LATENCIES_KEPT = 200_000;

/**
 * Publishes QoS 1 messages over many connections, each with its window always full, and measures the acknowledgements.
 *
 * A client whose connection ends stops there: what it had in flight counts as sent and not acknowledged.
 *
 * @throws {Error} when no client could connect
 */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const tally = new Tally();
  const numbers = Array.from({ length: options.clients ?? 100 }, (_, client) => client);
  const clients = numbers.map((client) => new LoadClient(client, options, tally));
  await Promise.all(clients.map((client) => client.open()));
  const open = clients.filter((client) => client.isOpen);
  if (open.length === 0) throw new Error("no client could connect");
  const started = performance.now();
  const done = Promise.all(open.map((client) => client.publish()));
  const { durationMs } = options;
  const timer =
    durationMs === undefined ? undefined : setTimeout(() => open.map((client) => client.stop()), durationMs);
  await done;
  clearTimeout(timer);
  return tally.report(started, clients.filter((client) => client.wasDropped).length);
}

/** Counts of all clients together. */
class Tally {
  sent = 0;
  acked = 0;
  lastAckAt = 0;
  readonly #latencies = new Float64Array(LATENCIES_KEPT);
  #seen = 0;

  ack(sentAt: number, now: number): void {
    this.acked += 1;
    this.lastAckAt = now;
    this.#latencies[this.#seen++ % LATENCIES_KEPT] = now - sentAt;
  }

  report(started: number, dropped: number): LoadReport {
    const seconds = Math.max(0, this.lastAckAt - started) / 1000;
    const sorted = this.#latencies.slice(0, Math.min(this.#seen, LATENCIES_KEPT)).sort();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return {
      sent: this.sent,
      acked: this.acked,
      seconds,
      acksPerSecond: seconds > 0 ? this.acked / seconds : 0,
      ackMs: sorted.length > 0 ? { p50: at(0.5), p99: at(0.99) } : null,
      dropped,
    };
  }
}

/** One connection with its window of packet identifiers 1 to `inFlight`. */
class LoadClient {
  readonly #client: number;
  readonly #options: LoadOptions;
  readonly #tally: Tally;
  readonly #train: PublishTrain;
  readonly #end: number;
  readonly #free: number[];
  readonly #messageOf: Int32Array;
  readonly #sentAt: Float64Array;
  #socket: Socket | null = null;
  #next: number;
  #inFlight = 0;
  #publishing = false;
  #stopped = false;
  #dropped = false;
  #finish: () => void = () => undefined;

  constructor(client: number, options: LoadOptions, tally: Tally) {
    const window = options.inFlight ?? 16;
    this.#client = client;
    this.#options = options;
    this.#tally = tally;
    this.#train = options.trains(client);
    this.#next = options.from ?? 0;
    this.#end = Math.min(options.to ?? this.#train.length, this.#train.length);
    this.#free = Array.from({ length: window }, (_, index) => window - index);
    this.#messageOf = new Int32Array(window + 1);
    this.#sentAt = new Float64Array(window + 1);
  }

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  get wasDropped(): boolean {
    return this.#dropped || !this.#publishing;
  }

  /** Connects and waits for a CONNACK that accepts; a refused client stays closed and counts as dropped. */
  async open(): Promise<void> {
    const { host, port, tls, clientId, username, password } = this.#options;
    const socket = tls ? connectTls({ host, port, ...tls(this.#client) }) : connectTcp({ host, port });
    socket.setNoDelay(true);
    const user = username?.(this.#client);
    const pass = password?.(this.#client);
    socket.write(
      connectPacket({
        clientId: clientId?.(this.#client) ?? `load-${process.pid}-${this.#client}`,
        ...(user === undefined ? {} : { username: user }),
        ...(pass === undefined ? {} : { password: pass }),
      }),
    );
    await new Promise<void>((resolve) => {
      const reader = new PacketReader((type, body) => {
        if (type === CONNACK && body[1] === 0) this.#socket = socket;
        if (type === CONNACK && body[1] !== 0) socket.destroy();
        if (type === CONNACK) resolve();
        if (type === PUBACK) this.#acked(((body[0] ?? 0) << 8) | (body[1] ?? 0));
      });
      socket.on("data", (chunk) => {
        if (!this.#ackedAll(chunk)) reader.push(chunk);
        this.#fill();
      });
      socket.on("error", () => undefined); // "close" follows
      socket.on("close", () => {
        this.#closed();
        resolve();
      });
    });
  }

  /** Publishes until the load is over for this client. */
  publish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#publishing = true;
      if (this.#socket === null) resolve();
      else this.#fill();
    });
  }

  /** Sends nothing new; the client ends when what is in flight is acknowledged, or after a second. */
  stop(): void {
    this.#stopped = true;
    this.#endIfDone();
    setTimeout(() => this.#leave(), 1000).unref();
  }

  #fill(): void {
    if (!this.#publishing || this.#socket === null) return;
    const now = performance.now();
    const first = this.#next;
    while (!this.#stopped && this.#next < this.#end && this.#free.length > 0) this.#dispatch(now);
    if (this.#next > first) this.#socket.write(this.#train.run(first, this.#next));
    this.#endIfDone();
  }

  #dispatch(now: number): void {
    const id = this.#free.pop() ?? 0;
    const message = this.#next++;
    this.#train.setId(message, id);
    this.#messageOf[id] = message;
    this.#sentAt[id] = now;
    this.#inFlight += 1;
    this.#tally.sent += 1;
  }

  /** The usual piece of the stream: whole PUBACKs and nothing else. @returns false when it is anything else */
  #ackedAll(chunk: Buffer): boolean {
    if (!this.#publishing || chunk.length % PUBACK_BYTES !== 0) return false;
    for (let at = 0; at < chunk.length; at += PUBACK_BYTES) if (chunk.readUInt16BE(at) !== PUBACK_HEAD) return false;
    const now = performance.now();
    for (let at = 0; at < chunk.length; at += PUBACK_BYTES) this.#acked(chunk.readUInt16BE(at + 2), now);
    return true;
  }

  #acked(id: number, now = performance.now()): void {
    this.#inFlight -= 1;
    this.#free.push(id);
    this.#tally.ack(this.#sentAt[id] ?? 0, now);
    this.#options.onAck?.(this.#client, this.#messageOf[id] ?? -1);
  }

  #endIfDone(): void {
    const all = this.#stopped || this.#next >= this.#end;
    if (this.#publishing && all && this.#inFlight === 0) this.#leave();
  }

  #leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
    this.#finish();
  }

  #closed(): void {
    if (this.#socket !== null) this.#dropped = true;
    this.#socket = null;
    this.#finish();
  }
}
