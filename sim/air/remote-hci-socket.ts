import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import type { HciSocketShape } from "./hci-socket-hook.ts";
import { bindMessage, filterMessage, HCI_WIRE, hciWireFramer } from "./hci-wire.ts";

const RESET = Uint8Array.of(1, 3, 0x0c, 0);

/**
 * Makes the class that takes the place of bluetooth-hci-socket in a process of its own: its adapters are the simulator's.
 *
 * @param air path of the simulator's Unix socket
 * @param adapters names of hci0, hci1, ...
 */
export function remoteSocketClass(air: string, adapters: readonly string[]): new () => HciSocketShape {
  return class RemoteHciSocket extends EventEmitter implements HciSocketShape {
    #name: string | null = null;
    #line: Socket | null = null;
    #filter: Uint8Array | null = null;
    #isUp = false;

    getDeviceList(): object[] {
      return adapters.map((_name, devId) => ({ devId, devUp: true }));
    }

    bindRaw(device?: number): number {
      const name = adapters[device ?? 0];
      if (name === undefined) throw Object.assign(new Error("ENODEV, No such device"), { code: "ENODEV" });
      this.#name = name;
      return device ?? 0;
    }

    bindUser(device?: number): number {
      return this.bindRaw(device);
    }

    bindControl(): number {
      return 0; // nothing answers on the management channel
    }

    isDevUp(): boolean {
      return this.#isUp;
    }

    start(): void {
      if (this.#name === null || this.#line) return;
      const line = connect(air);
      this.#line = line;
      line.write(bindMessage(this.#name));
      if (this.#filter) line.write(filterMessage(this.#filter));
      const framer = hciWireFramer();
      line.on("data", (chunk) => {
        for (const packet of framer.push(chunk)) this.#received(packet);
      });
      line.on("error", () => undefined); // 'close' follows
      line.on("close", () => {
        this.#isUp = false;
        this.#line = null;
      });
    }

    stop(): void {
      this.#line?.destroy();
    }

    setFilter(filter: Uint8Array): void {
      this.#filter = Uint8Array.from(filter);
      this.#line?.write(filterMessage(this.#filter));
    }

    reset(): void {
      this.write(RESET);
    }

    cleanup(): void {
      // the real one forgets connections here
    }

    write(packet: Uint8Array): void {
      if (this.#isUp) this.#line?.write(Uint8Array.from(packet));
    }

    #received(packet: Uint8Array): void {
      if (packet[0] === HCI_WIRE.state) this.#isUp = packet[1] === 1;
      else this.emit("data", Buffer.from(packet));
    }
  };
}
