import fs from "node:fs";
import Module from "node:module";
import type { SysfsGpio } from "./sysfs-gpio.ts";

/** The loader behind `require`; not in Node's documents, and stable since its first versions. */
type Load = (request: string, parent: { readonly filename?: string } | undefined, ...rest: unknown[]) => unknown;
const loader = Module as unknown as { _load: Load };

const ROOT = "/sys/class/gpio/";
const FIRST_DESCRIPTOR = 1 << 20;
const EPOLLPRI = 2;

/**
 * Gives the real package `onoff` a virtual chip: replaces only what onoff itself requires, `fs` and `epoll`.
 *
 * To be called before onoff is loaded for the first time in this process.
 *
 * @returns a function that takes the hook away; an onoff that was loaded meanwhile keeps the chip
 */
export function hookOnoff(chip: SysfsGpio): () => void {
  const open = new Map<number, string>();
  const replaced: Readonly<Record<string, unknown>> = {
    fs: virtualFs(chip, open),
    epoll: { Epoll: virtualEpoll(chip, open) },
  };
  const original = loader._load;
  loader._load = function (request, parent, ...rest) {
    const isOnoff = /[\\/]onoff[\\/]onoff\.js$/.test(parent?.filename ?? "");
    return isOnoff && request in replaced ? replaced[request] : original.call(this, request, parent, ...rest);
  };
  return () => {
    loader._load = original;
  };
}

/** The calls that onoff 6 makes, for files below /sys/class/gpio; it touches no others. */
function virtualFs(chip: SysfsGpio, open: Map<number, string>): object {
  const inside = (path: string): string => (path.startsWith(ROOT) ? path.slice(ROOT.length) : path);
  const fileOf = (descriptor: number): string => open.get(descriptor) ?? "";
  let nextDescriptor = FIRST_DESCRIPTOR;
  return {
    constants: fs.constants,
    existsSync: (path: string) => chip.exists(inside(path)),
    readFileSync: (path: string) => Buffer.from(`${chip.read(inside(path))}\n`),
    writeFileSync: (path: string, text: string | Uint8Array) => chip.write(inside(path), String(text)),
    openSync: (path: string) => {
      const file = inside(path);
      if (file !== "export") chip.read(file); // a file that is not there cannot be opened
      nextDescriptor += 1;
      open.set(nextDescriptor, file);
      return nextDescriptor;
    },
    closeSync: (descriptor: number) => void open.delete(descriptor),
    readSync: (descriptor: number, buffer: Uint8Array) => {
      const bytes = Buffer.from(chip.read(fileOf(descriptor)));
      buffer.set(bytes);
      return bytes.length;
    },
    writeSync: (descriptor: number, bytes: Uint8Array) => {
      chip.write(fileOf(descriptor), Buffer.from(bytes).toString());
      return bytes.length;
    },
  };
}

function virtualEpoll(chip: SysfsGpio, open: Map<number, string>): object {
  return class Epoll {
    static readonly EPOLLPRI = EPOLLPRI;
    readonly #callback: (fault: null, descriptor: number, events: number) => void;
    #stop = (): void => {};

    constructor(callback: (fault: null, descriptor: number, events: number) => void) {
      this.#callback = callback;
    }

    add(descriptor: number): void {
      this.#stop = chip.onEdge((number) => {
        if (open.get(descriptor) !== `gpio${number}/value`) return;
        setImmediate(() => {
          if (open.has(descriptor)) this.#callback(null, descriptor, EPOLLPRI);
        });
      });
    }

    remove(): void {
      this.#stop();
    }
  };
}
