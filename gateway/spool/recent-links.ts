import { equalBytes } from "../../protocol/bytes.ts";
import type { ChainLink } from "./chain.ts";

const LINKS = 32;
const HASH_BYTES = 32;

/**
 * The last batches of one stream, in two arrays that are never replaced: kept as objects, each would live just long enough to be
 * promoted by the collector, and would hold the network buffer that its message came in.
 */
export class RecentLinks {
  readonly #bounds = new Float64Array(2 * LINKS);
  readonly #hashes = new Uint8Array(HASH_BYTES * LINKS);
  #next = 0;

  add({ from, to, hash }: ChainLink): void {
    this.#bounds[2 * this.#next] = from;
    this.#bounds[2 * this.#next + 1] = to;
    this.#hashes.set(hash, HASH_BYTES * this.#next);
    this.#next = (this.#next + 1) % LINKS;
  }

  /** Whether exactly this batch is among them. */
  has({ from, to, hash }: ChainLink): boolean {
    for (let at = 0; at < LINKS; at += 1) {
      if (this.#bounds[2 * at] !== from || this.#bounds[2 * at + 1] !== to) continue;
      if (equalBytes(this.#hashes.subarray(HASH_BYTES * at, HASH_BYTES * (at + 1)), hash)) return true;
    }
    return false;
  }

  clear(): void {
    this.#bounds.fill(0); // no batch begins at 0
    this.#next = 0;
  }
}
