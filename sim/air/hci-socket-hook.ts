import { EventEmitter } from "node:events";
import Module from "node:module";
import type { HciDev, RawSocket } from "./hci-dev.ts";

type Load = (request: string, ...rest: unknown[]) => unknown;
const loader = Module as unknown as { _load: Load };

const SOCKET_PACKAGE = /^@(?:abandonware|stoprocent)\/bluetooth-hci-socket$/;
const RESET = Uint8Array.of(1, 3, 0x0c, 0);

/** What noble and bleno call of a bluetooth-hci-socket; events `data` and `error`. */
export interface HciSocketShape extends EventEmitter {
  bindRaw(device?: number): number;
  start(): void;
  stop(): void;
  isDevUp(): boolean;
  setFilter(filter: Uint8Array): void;
  write(packet: Uint8Array): void;
}

/** Makes the class that takes the place of bluetooth-hci-socket in this process, over virtual adapters 0, 1, ... */
export function socketClassFor(devs: readonly HciDev[]): new () => HciSocketShape {
  return class VirtualHciSocket extends EventEmitter implements HciSocketShape, RawSocket {
    filter: Uint8Array | null = null;
    #dev: HciDev | null = null;
    #started = false;

    getDeviceList(): object[] {
      return devs.map((dev, devId) => ({ devId, devUp: dev.isUp }));
    }

    bindRaw(device?: number): number {
      const dev = devs[device ?? 0];
      if (!dev) throw Object.assign(new Error("ENODEV, No such device"), { code: "ENODEV" });
      this.#dev = dev;
      return device ?? 0;
    }

    bindUser(device?: number): number {
      this.filter = new Uint8Array(14).fill(0xff);
      return this.bindRaw(device);
    }

    bindControl(): number {
      return 0; // nothing answers on the management channel
    }

    isDevUp(): boolean {
      return this.#dev?.isUp ?? false;
    }

    start(): void {
      this.#started = true;
      this.#dev?.attach(this);
    }

    stop(): void {
      this.#started = false;
      this.#dev?.detach(this);
    }

    setFilter(filter: Uint8Array): void {
      this.filter = Uint8Array.from(filter);
    }

    reset(): void {
      this.write(RESET);
    }

    cleanup(): void {
      // the real one forgets connections here
    }

    write(packet: Uint8Array): void {
      const copy = Uint8Array.from(packet);
      queueMicrotask(() => {
        if (!this.#dev || this.#dev.send(this, copy)) return;
        this.emit("error", Object.assign(new Error("Network is down"), { code: "ENETDOWN" }));
      });
    }

    deliver(packet: Uint8Array): void {
      const copy = Buffer.from(packet);
      setImmediate(() => {
        if (this.#started) this.emit("data", copy);
      });
    }

    changed(): void {
      // programs poll isDevUp, as they have to on a real kernel
    }
  };
}

/**
 * Gives the real noble and bleno of this process virtual adapters: the package that opens HCI sockets is replaced, whether it is installed
 * or not. To be called before either is loaded for the first time.
 *
 * @returns a function that takes the hook away; what was loaded meanwhile keeps its adapters
 */
export function hookHciSocket(socketClass: new () => HciSocketShape): () => void {
  const replacement = Object.assign(socketClass, { loadDriver: () => socketClass, default: socketClass });
  const original = loader._load;
  loader._load = function (this: unknown, request, ...rest) {
    return SOCKET_PACKAGE.test(request) ? replacement : original.call(this, request, ...rest);
  };
  return () => {
    loader._load = original;
  };
}
