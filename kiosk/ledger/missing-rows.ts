/** Rows of one stream by number, both ends inclusive. */
export interface SeqSpan {
  readonly from: number;
  readonly to: number;
}

/** Finds out which numbers are missing among rows that come in order: between two good ones, or bad right behind the last. */
export class MissingRows {
  readonly #spans: { from: number; to: number }[] = [];
  #end: number | null;

  /** @param floor the number before the first row; null when it is not known, then nothing is missing before the first good row */
  constructor(floor: number | null) {
    this.#end = floor;
  }

  /** The last number that is accounted for. */
  get end(): number {
    return this.#end ?? 0;
  }

  good(seq: number): void {
    this.#missing(seq - 1);
    this.#end = seq;
  }

  /** A row that does not decode; its number is believed only when it follows, or when a later good row makes it a gap. */
  bad(seq: number): void {
    if (this.#end !== null && seq === this.#end + 1) this.#missing(seq);
  }

  /** What is missing behind `upto`. */
  after(upto: number): readonly SeqSpan[] {
    return this.#spans.filter(({ to }) => to > upto).map(({ from, to }) => ({ from: Math.max(from, upto + 1), to }));
  }

  #missing(to: number): void {
    if (this.#end === null || to <= this.#end) return;
    const before = this.#spans.at(-1);
    if (before?.to === this.#end) before.to = to;
    else this.#spans.push({ from: this.#end + 1, to });
    this.#end = to;
  }
}
