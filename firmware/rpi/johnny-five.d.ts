// What this product uses of johnny-five 2 and firmata-io 2. The first is optional and has no types, nor has the second.
declare module "firmata-io" {
  import type { EventEmitter } from "node:events";

  class Firmata extends EventEmitter {
    constructor(transport: EventEmitter, options?: { reportVersionTimeout?: number });
    readonly isReady: boolean;
    readonly MODES: { readonly OUTPUT: number };
    pinMode(pin: number, mode: number): void;
  }
  const bindTransport: { readonly Firmata: typeof Firmata };
  export default bindTransport;
  export type { Firmata };
}

declare module "johnny-five" {
  import type { EventEmitter } from "node:events";
  import type { Firmata } from "firmata-io";

  class Board extends EventEmitter {
    constructor(options: {
      io: Firmata;
      repl: false;
      debug: false;
      /** With true, Ctrl-C would end the process before it has closed anything. */
      sigint: false;
      timeout: number;
    });
    readonly isReady: boolean;
    /** Every board that this process ever made. */
    static readonly cache: Board[];
  }
  class Led {
    constructor(options: { pin: number; board: Board });
    on(): void;
    off(): void;
  }
  class Relay {
    constructor(options: { pin: number; board: Board });
    close(): void;
    open(): void;
  }
  class Servo {
    constructor(options: { pin: number; board: Board; startAt: number });
    to(degrees: number): void;
  }
  class Button extends EventEmitter {
    constructor(options: { pin: number; board: Board; isPullup: boolean });
  }
  const five: {
    readonly Board: typeof Board;
    readonly Led: typeof Led;
    readonly Relay: typeof Relay;
    readonly Servo: typeof Servo;
    readonly Button: typeof Button;
  };
  export default five;
  export type { Board };
}
