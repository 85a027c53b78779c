import { DAY_MS } from "../../protocol/units.ts";

/** Bytes of an identifier that the table compares; the store compares the rest. */
const COMPARED_BYTES = 8;
/** Numbers of one slot: both words of the identifier, and the session. */
const SLOT = 3;
const FIRST_BITS = 10;
const MAX_BITS = 28;
/** The filter has 4 bits for each slot, and marks two in one word for each identifier: about one in fifty passes it by chance. */
const FILTER_BITS_PER_SLOT_LOG2 = 2;

/** Tells of a heard identifier. @param at position among the identifiers that were asked for */
export type OnHeard = (at: number, session: number) => void;

/**
 * Heard identifiers by their first 8 bytes: an open-addressed table of numbers with a filter of single bits before it. An identifier
 * that several sessions heard stands there several times.
 *
 * Places depend on random numbers, since whoever sends identifiers past a kiosk chooses them.
 */
export class ObservedIds {
  readonly #odd: Odd;
  #bits = FIRST_BITS;
  #slots = new Int32Array(SLOT << FIRST_BITS);
  #filter = new Int32Array(1 << (FIRST_BITS + FILTER_BITS_PER_SLOT_LOG2 - 5));
  #size = 0;
  /** Words at which the filter said "perhaps", used again by each search. */
  #passed = new Int32Array(0);

  /** @param randomBytes gives 8 random bytes */
  constructor(randomBytes: (length: number) => Uint8Array) {
    const words = new Int32Array(randomBytes(8).slice().buffer);
    this.#odd = [(words[0] ?? 0) | 1, (words[1] ?? 0) | 1];
  }

  /** Sessions in the table. */
  get size(): number {
    return this.#size;
  }

  /** Adds what one session heard. @param session 1 to 2^31 - 1 @throws {RangeError} beyond 2^27 sessions */
  add(id: Uint8Array, session: number): void {
    if (2 * (this.#size + 1) > 1 << this.#bits) this.#grow();
    const [first = 0, second = 0] = wordsOf(id.subarray(0, COMPARED_BYTES));
    this.#put(first, second, session);
    this.#size += 1;
  }

  /**
   * Asks for identifiers that stand in a row.
   *
   * @param stride bytes of one identifier, a multiple of 4
   */
  find(ids: Uint8Array, stride: number, onHeard: OnHeard): void {
    const words = wordsOf(ids);
    const step = stride / 4;
    if (this.#passed.length < words.length) this.#passed = new Int32Array(words.length);
    const passed = this.#passed;
    const count = filterWords(words, {
      step,
      filter: this.#filter,
      shift: this.#filterShift,
      odd: this.#odd[0],
      passed,
    });
    for (let i = 0; i < count; i += 1) {
      const word = passed[i] as number;
      this.#tell(words[word] as number, words[word + 1] as number, word / step, onHeard);
    }
  }

  get #filterShift(): number {
    return 32 - this.#bits - FILTER_BITS_PER_SLOT_LOG2;
  }

  #tell(first: number, second: number, at: number, onHeard: OnHeard): void {
    const slots = this.#slots;
    const mask = (1 << this.#bits) - 1;
    const hash = hashOf(first, second, this.#odd);
    for (let slot = hash >>> (32 - this.#bits); slots[SLOT * slot + 2] !== 0; slot = (slot + 1) & mask) {
      if (slots[SLOT * slot] === first && slots[SLOT * slot + 1] === second)
        onHeard(at, slots[SLOT * slot + 2] as number);
    }
  }

  #put(first: number, second: number, session: number): void {
    const slots = this.#slots;
    const mask = (1 << this.#bits) - 1;
    const hash = hashOf(first, second, this.#odd);
    let slot = hash >>> (32 - this.#bits);
    while (slots[SLOT * slot + 2] !== 0) slot = (slot + 1) & mask;
    slots[SLOT * slot] = first;
    slots[SLOT * slot + 1] = second;
    slots[SLOT * slot + 2] = session;
    const filterHash = Math.imul(first, this.#odd[0]);
    const bit = filterHash >>> this.#filterShift;
    this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] as number) | (1 << (bit & 31)) | (1 << (filterHash & 31));
  }

  #grow(): void {
    if (this.#bits === MAX_BITS) throw new RangeError("too many sessions for one table");
    const old = this.#slots;
    this.#bits += 1;
    this.#slots = new Int32Array(SLOT << this.#bits);
    this.#filter = new Int32Array(1 << (this.#bits + FILTER_BITS_PER_SLOT_LOG2 - 5));
    for (let at = 0; at < old.length; at += SLOT) {
      const session = old[at + 2] as number;
      if (session !== 0) this.#put(old[at] as number, old[at + 1] as number, session);
    }
  }
}

/** Bytes as numbers of 32 bits in the machine's own order; copied only when they do not lie on a border of 4. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}

type Odd = readonly [number, number];

function hashOf(first: number, second: number, odd: Odd): number {
  return (Math.imul(first, odd[0]) + Math.imul(second, odd[1])) | 0;
}

interface Filtering {
  readonly step: number;
  readonly filter: Int32Array;
  readonly shift: number;
  readonly odd: number;
  readonly passed: Int32Array;
}

/**
 * Collects the identifiers that pass the filter, without a branch that the processor would guess wrong, and two at a time, so that
 * it need not wait for one look-up before the next.
 *
 * @returns how many
 */
function filterWords(words: Int32Array, { step, filter, shift, odd, passed }: Filtering): number {
  const last = words.length - step;
  let count = 0;
  let word = 0;
  for (; word < last; word += 2 * step) {
    const hash = Math.imul(words[word] as number, odd);
    const nextHash = Math.imul(words[word + step] as number, odd);
    const bits = filter[(hash >>> shift) >>> 5] as number;
    const nextBits = filter[(nextHash >>> shift) >>> 5] as number;
    passed[count] = word;
    count += (bits >>> ((hash >>> shift) & 31)) & (bits >>> (hash & 31)) & 1;
    passed[count] = word + step;
    count += (nextBits >>> ((nextHash >>> shift) & 31)) & (nextBits >>> (nextHash & 31)) & 1;
  }
  if (word > last) return count;
  const hash = Math.imul(words[word] as number, odd);
  const bits = filter[(hash >>> shift) >>> 5] as number;
  passed[count] = word;
  return count + ((bits >>> ((hash >>> shift) & 31)) & (bits >>> (hash & 31)) & 1);
}

/** Tables by UTC day: a key is good for a day or so, and the table of one day fits the processor's cache where that of all does not. */
export class ObservedDays {
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #days = new Map<number, ObservedIds>();
  /** Sessions whose time nobody knows: any key may have made them. */
  readonly #undated: ObservedIds;

  /** @param randomBytes as in {@link ObservedIds} */
  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
    this.#undated = new ObservedIds(randomBytes);
  }

  /** Adds a session on each day that it touches. @param span milliseconds, inclusive; null for a session without a time */
  add(id: Uint8Array, session: number, span: { readonly from: number; readonly to: number } | null): void {
    if (!span) {
      this.#undated.add(id, session);
      return;
    }
    for (let day = dayOf(span.from); day <= dayOf(span.to); day += 1) {
      const table = this.#days.get(day) ?? new ObservedIds(this.#randomBytes);
      this.#days.set(day, table);
      table.add(id, session);
    }
  }

  /**
   * Asks for the identifiers of one key. A session may be told more than once.
   *
   * @param stride bytes of one identifier, a multiple of 4
   * @param span when the key may have been heard, milliseconds
   */
  find(
    ids: Uint8Array,
    asked: { readonly stride: number; readonly span: { readonly from: number; readonly to: number } },
    onHeard: OnHeard,
  ): void {
    const { stride, span } = asked;
    for (let day = dayOf(span.from); day <= dayOf(span.to); day += 1) this.#days.get(day)?.find(ids, stride, onHeard);
    if (this.#undated.size > 0) this.#undated.find(ids, stride, onHeard);
  }
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}
