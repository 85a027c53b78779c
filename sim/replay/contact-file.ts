/** Two people who were face to face during the 20 seconds that ended at `atS`. */
export interface ContactRow {
  /** Seconds from midnight of the first day. */
  readonly atS: number;
  /** Numbers in {@link ContactFile.people}; `a` below `b`. */
  readonly a: number;
  readonly b: number;
}

/** Somebody of a contact file. */
export interface ContactPerson {
  /** As the file names the person. */
  readonly id: string;
  /** The class, department or ward that the person belongs to, as the file names it. */
  readonly group: string;
}

/** Measured contacts of real people. */
export interface ContactFile {
  readonly people: readonly ContactPerson[];
  readonly groups: readonly string[];
  /** Sorted by time. */
  readonly rows: readonly ContactRow[];
  /** Lines in which somebody met himself, which real files have; they are left out. */
  readonly ignored: number;
}

export type ContactFileOutcome =
  | { readonly kind: "read"; readonly file: ContactFile }
  | { readonly kind: "unreadable"; readonly line: number; readonly reason: string };

/** How long one row lasts, seconds. */
export const ROW_S = 20;

const SEPARATORS = /[;\t,]| +/;
const MAX_PEOPLE = 5_000;

/**
 * Reads a contact file in the columns of SocioPatterns: time, id, id, class, class; separated by semicolon, tab, comma or blanks, with
 * or without a header.
 *
 * @param text the whole file
 * @returns the file, or the first line that is not of this form
 */
export function parseContactFile(text: string): ContactFileOutcome {
  const reading = new ContactReading();
  const lines = text.split(/\r?\n/);
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "" || (at === 0 && !/^\s*\d/.test(line))) continue;
    const reason = reading.add(line.trim().split(SEPARATORS));
    if (reason !== null) return { kind: "unreadable", line: at + 1, reason };
  }
  const file = reading.finish();
  return file.rows.length > 0 ? { kind: "read", file } : { kind: "unreadable", line: 1, reason: "no contacts in it" };
}

class ContactReading {
  readonly #people: ContactPerson[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #groups = new Set<string>();
  readonly #rows: ContactRow[] = [];
  #ignored = 0;

  /** @returns what is wrong with the line; null when nothing is */
  add(cells: readonly string[]): string | null {
    const [time = "", one = "", other = "", oneGroup = "", otherGroup = ""] = cells;
    if (cells.length < 5) return `needs five columns (time, id, id, class, class), has ${cells.length}`;
    const atS = Number(time);
    if (!Number.isInteger(atS) || atS < 0) return "the time is not a whole number of seconds";
    if (one === "" || other === "") return "a contact needs two people";
    if (one === other) {
      this.#ignored += 1;
      return null;
    }
    const numbers = [this.#numberOf(one, oneGroup), this.#numberOf(other, otherGroup)];
    if (this.#people.length > MAX_PEOPLE) return `more than ${MAX_PEOPLE} people`;
    this.#rows.push({ atS, a: Math.min(...numbers), b: Math.max(...numbers) });
    return null;
  }

  finish(): ContactFile {
    const rows = this.#rows.sort((one, other) => one.atS - other.atS);
    return { people: this.#people, groups: [...this.#groups].sort(), rows, ignored: this.#ignored };
  }

  #numberOf(id: string, group: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#groups.add(group);
    this.#numbers.set(id, this.#people.length);
    return this.#people.push({ id, group }) - 1;
  }
}

/** Rows of each pair, keyed `a-b`; 45 rows are fifteen minutes. */
export function rowsOfPairs({ rows }: ContactFile): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { a, b } of rows) counts.set(`${a}-${b}`, (counts.get(`${a}-${b}`) ?? 0) + 1);
  return counts;
}
