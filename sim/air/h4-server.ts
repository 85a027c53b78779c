import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Pty } from "../devices/pty.ts";
import type { Controller } from "./controller.ts";
import { PacketFramer } from "./hci.ts";
import type { PacketWatcher } from "./hci-dev.ts";

/** Where hosts can attach. */
export type H4Place =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** One host's end of the line to its controller. */
interface HostLine {
  /** Bytes from the host, cut anywhere. @returns false when they are no HCI packets, and the line must be closed */
  push(chunk: Uint8Array): boolean;
  detach(): void;
}

/** Puts a host on a controller: H4 both ways, nothing between. */
function attachHost(controller: Controller, toHost: (packet: Uint8Array) => void, watch: PacketWatcher): HostLine {
  const framer = new PacketFramer();
  controller.toHost = (packet) => {
    watch(packet, false);
    toHost(packet);
  };
  return {
    push(chunk) {
      try {
        for (const packet of framer.push(chunk)) {
          watch(packet, true);
          controller.fromHost(packet);
        }
        return true;
      } catch {
        return false; // SIM_HCI_FRAMING: nothing after this can be understood
      }
    },
    detach() {
      controller.toHost = () => undefined;
      controller.forget();
    },
  };
}

/**
 * Lets any Bluetooth host stack attach a virtual controller: each connection is a line to one of its own, H4 without any preamble, as
 * BlueZ's `btattach`, bumble or Zephyr expect it.
 */
export class H4Server {
  readonly #controllerFor: () => Controller;
  readonly #watch: PacketWatcher;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #ptys: Pty[] = [];

  /**
   * @param controllerFor called for each host that attaches; the same one may be given again after its host has left
   * @param watch sees every packet of every line
   */
  constructor(controllerFor: () => Controller, watch: PacketWatcher = () => undefined) {
    this.#controllerFor = controllerFor;
    this.#watch = watch;
  }

  /** @returns the port, for TCP */
  async listen(place: H4Place): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#servers.push(server);
    if (place.kind === "unix") rmSync(place.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      if (place.kind === "unix") server.listen(place.path, resolve);
      else server.listen(place.port, place.host, resolve);
    });
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Offers one controller as a serial device. @returns its path @throws {NoPtyError} SIM_NO_PTY */
  openPty(link?: string): string {
    const pty = Pty.open(link);
    this.#ptys.push(pty);
    const line = attachHost(this.#controllerFor(), (packet) => void pty.write(packet), this.#watch);
    pty.onData((chunk) => {
      if (!line.push(chunk)) pty.close();
    });
    return pty.path;
  }

  async close(): Promise<void> {
    for (const pty of this.#ptys) pty.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const line = attachHost(this.#controllerFor(), (packet) => void socket.write(packet), this.#watch);
    socket.on("data", (chunk) => {
      if (!line.push(chunk)) socket.destroy();
    });
    socket.on("error", () => undefined); // 'close' follows
    socket.on("close", () => {
      this.#sockets.delete(socket);
      line.detach();
    });
  }
}
