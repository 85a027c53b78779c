import { every, type Timers } from "../../../runtime/timers.ts";

const LOOK_MS = 1_000;
/** A driver needs about a second from an adapter that is up to being ready. */
const STUCK_LOOKS = 12;

/** What both drivers have in common. */
export interface WatchedDriver {
  readonly state: string;
  readonly _bindings: { readonly _hci: { readonly _socket: { isDevUp(): boolean } } };
}

/**
 * Tells once when a driver does not get ready although its adapter is up: an answer was lost while it set the adapter up (the controller
 * reset at that moment), and no driver asks twice.
 *
 * @returns a function that ends the watching
 */
export function watchStuck(driver: WatchedDriver, timers: Timers, onStuck: () => void): () => void {
  let looks = 0;
  return every(timers, LOOK_MS, () => {
    const isWaiting = driver.state !== "poweredOn" && driver._bindings._hci._socket.isDevUp();
    looks = isWaiting ? looks + 1 : 0;
    if (looks === STUCK_LOOKS) onStuck();
  });
}
