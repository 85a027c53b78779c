import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { HciDev, RawSocket } from "./hci-dev.ts";
import { HCI_WIRE, hciWireFramer, stateMessage } from "./hci-wire.ts";

/**
 * Gives processes with `sim/preload/bluetooth.ts` virtual adapters: each of their raw HCI sockets is a connection, and those that name the
 * same adapter share it, as on a kernel.
 */
export class HciServer {
  readonly #adapter: (name: string) => HciDev | null;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  /** @param adapter finds or makes the adapter of a name; null refuses */
  constructor(adapter: (name: string) => HciDev | null) {
    this.#adapter = adapter;
  }

  /** @param path of the Unix socket; one that is left over is removed */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const framer = hciWireFramer();
    let bound: BoundSocket | null = null;
    const received = (packet: Uint8Array): void => {
      if (bound) bound.received(packet);
      else bound = this.#bind(packet, socket);
    };
    socket.on("data", (chunk) => {
      try {
        for (const packet of framer.push(chunk)) received(packet);
      } catch {
        socket.destroy(); // SIM_HCI_FRAMING
      }
    });
    socket.on("error", () => undefined); // 'close' follows
    socket.on("close", () => {
      this.#sockets.delete(socket);
      bound?.close();
    });
  }

  #bind(packet: Uint8Array, socket: Socket): BoundSocket | null {
    const name = packet[0] === HCI_WIRE.bind ? Buffer.from(packet.subarray(2)).toString() : null;
    const dev = name === null ? null : this.#adapter(name);
    if (dev) return new BoundSocket(dev, socket);
    socket.destroy();
    return null;
  }
}

/** A raw socket of another process. */
class BoundSocket implements RawSocket {
  filter: Uint8Array | null = null;
  readonly #dev: HciDev;
  readonly #socket: Socket;

  constructor(dev: HciDev, socket: Socket) {
    this.#dev = dev;
    this.#socket = socket;
    dev.attach(this);
    this.changed(dev.isUp);
  }

  received(packet: Uint8Array): void {
    if (packet[0] === HCI_WIRE.filter) this.filter = packet.slice(1);
    else this.#dev.send(this, packet); // nobody tells a raw socket of another process that the network is down
  }

  deliver(packet: Uint8Array): void {
    this.#socket.write(packet);
  }

  changed(isUp: boolean): void {
    this.#socket.write(stateMessage(isUp));
  }

  close(): void {
    this.#dev.detach(this);
  }
}
