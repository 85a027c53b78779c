// What this product uses of serialport 13: the package is optional, and its own types vanish with it.
declare module "serialport" {
  import type { Duplex } from "node:stream";

  export class SerialPort extends Duplex {
    constructor(options: {
      path: string;
      baudRate: number;
      autoOpen?: boolean;
      /** Takes an exclusive lock (flock); default true. */
      lock?: boolean;
      highWaterMark?: number;
    });
    readonly path: string;
    readonly isOpen: boolean;
    open(callback: (fault: Error | null) => void): void;
    close(callback?: (fault: Error | null) => void): void;
    /** Calls back when all output is on the wire. */
    drain(callback: (fault: Error | null) => void): void;
  }
}
