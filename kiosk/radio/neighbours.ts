import { ECHO_BYTES } from "../../protocol/beacon/advertisement.ts";
import { equalBytes, toHex } from "../../protocol/bytes.ts";

/** Kiosks in earshot that are kept in mind. */
const MAX_NEIGHBOURS = 32;
/** How long a neighbour that fell silent is still told that it was heard: two windows of listening. */
const FRESH_MS = 660_000;
/** Own identifiers by which an echo is known: now's and the two before. */
const OWN_IDS = 3;
/** How long a neighbour's word counts. */
const HEARD_FOR_MS = 1_800_000;

/** Who of the other kiosks hears whom. Identifiers stay in memory, and only for minutes. */
export class Neighbours {
  /** Identifier and when it was heard last, in that order. */
  readonly #heard = new Map<string, { readonly id: Uint8Array; readonly atMs: number }>();
  #own: readonly Uint8Array[] = [];
  #echoedMs: number | null = null;

  /** The own beacon goes by this identifier from now on. */
  own(id: Uint8Array): void {
    if (this.#own.some((one) => equalBytes(one, id))) return;
    this.#own = [id, ...this.#own].slice(0, OWN_IDS);
  }

  /** A kiosk's beacon was heard. The own one, heard by a second adapter, says nothing. */
  hear(beacon: { readonly id: Uint8Array; readonly echo: Uint8Array | null }, nowMs: number): void {
    if (this.#own.some((own) => equalBytes(own, beacon.id))) return;
    const { echo } = beacon;
    if (echo && this.#own.some((own) => equalBytes(own.subarray(0, ECHO_BYTES), echo))) this.#echoedMs = nowMs;
    const key = toHex(beacon.id);
    this.#heard.delete(key);
    this.#heard.set(key, { id: beacon.id, atMs: nowMs });
    if (this.#heard.size > MAX_NEIGHBOURS) this.#heard.delete(this.#heard.keys().next().value as string);
  }

  /**
   * Chooses the neighbour that is told next that it was heard.
   *
   * @param die a random byte: in turn would keep time with the neighbours' own windows, and always meet the same one
   * @returns first bytes of its identifier; null when nobody is near
   */
  echo(nowMs: number, die: number): Uint8Array | null {
    const near = [...this.#heard.values()].filter(({ atMs }) => nowMs - atMs <= FRESH_MS);
    return near[die % Math.max(1, near.length)]?.id.slice(0, ECHO_BYTES) ?? null;
  }

  /** Whether a neighbour said lately that it hears this kiosk. Nobody near is no fault, so it is never "no". */
  status(nowMs: number): "heard" | "unknown" {
    return this.#echoedMs !== null && nowMs - this.#echoedMs <= HEARD_FOR_MS ? "heard" : "unknown";
  }
}
