import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A fault as the kernel's files give it: `code` is the name of an errno. */
class SysfsFault extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`${code}: simulated GPIO`);
    this.name = "SysfsFault";
    this.code = code;
  }
}

interface Line {
  direction: "in" | "out";
  edge: string;
  /** Voltage that the chip drives, 0 or 1. */
  out: 0 | 1;
  activeLow: boolean;
}

export interface SysfsGpioOptions {
  readonly base: number;
  readonly label: string;
  readonly lineCount?: number;
}

const LINE_FILE = /^gpio(\d+)\/(direction|edge|active_low|value)$/;

/** A GPIO chip with the files of the kernel's /sys/class/gpio. Source: Documentation/admin-guide/gpio/sysfs.rst of Linux 6.1. */
export class SysfsGpio {
  readonly base: number;
  readonly label: string;
  readonly lineCount: number;
  readonly #lines = new Map<number, Line>();
  readonly #world = new Map<number, 0 | 1>();
  readonly #edges = new Set<(number: number) => void>();

  constructor({ base, label, lineCount = 54 }: SysfsGpioOptions) {
    this.base = base;
    this.label = label;
    this.lineCount = lineCount;
  }

  /** Writes the chip's own folder, as a program reads it to find the base. @param root stands for /sys/class/gpio */
  writeChipFolder(root: string): void {
    const folder = join(root, `gpiochip${this.base}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "base"), `${this.base}\n`);
    writeFileSync(join(folder, "label"), `${this.label}\n`);
    writeFileSync(join(folder, "ngpio"), `${this.lineCount}\n`);
  }

  /** Voltage on a line that the program drives; null while it does not. @param bcm number on the chip */
  output(bcm: number): 0 | 1 | null {
    const line = this.#lines.get(this.base + bcm);
    return line?.direction === "out" ? line.out : null;
  }

  /** Whether a line is in a program's hands. */
  isExported(bcm: number): boolean {
    return this.#lines.has(this.base + bcm);
  }

  /** Drives a line from outside, as a button does; fires the edge that the program asked for. */
  drive(bcm: number, level: 0 | 1): void {
    const number = this.base + bcm;
    const before = this.#world.get(number);
    this.#world.set(number, level);
    const line = this.#lines.get(number);
    if (line?.direction !== "in" || before === level) return;
    const value = this.#value(number, line);
    const fires = line.edge === "both" || line.edge === (value === 1 ? "rising" : "falling");
    if (fires) for (const tell of this.#edges) tell(number);
  }

  /** Calls back with the kernel's number of each line that has an edge. @returns a function that stops it */
  onEdge(tell: (number: number) => void): () => void {
    this.#edges.add(tell);
    return () => this.#edges.delete(tell);
  }

  /** @param file path below /sys/class/gpio */
  exists(file: string): boolean {
    const folder = /^gpio(\d+)\/?$/.exec(file);
    return file === "export" || file === "unexport" || (folder !== null && this.#lines.has(Number(folder[1])));
  }

  /** @throws {SysfsFault} ENOENT for a file that is not there */
  read(file: string): string {
    const { number, line, name } = this.#file(file);
    if (name === "direction") return line.direction;
    if (name === "edge") return line.edge;
    if (name === "active_low") return line.activeLow ? "1" : "0";
    return String(this.#value(number, line));
  }

  /** @throws {SysfsFault} EINVAL, EBUSY, EPERM or ENOENT as the kernel would */
  write(file: string, text: string): void {
    const value = text.trim();
    if (file === "export") this.#export(Number(value));
    else if (file === "unexport") this.#unexport(Number(value));
    else this.#set(file, value);
  }

  #set(file: string, value: string): void {
    const { line, name } = this.#file(file);
    if (name === "active_low") line.activeLow = value !== "0";
    else if (name === "edge") line.edge = value;
    else if (name === "direction") setDirection(line, value);
    else if (line.direction === "out") line.out = (value === "0") === line.activeLow ? 1 : 0;
    else throw new SysfsFault("EPERM");
  }

  #unexport(number: number): void {
    if (!this.#lines.delete(number)) throw new SysfsFault("EINVAL");
  }

  #export(number: number): void {
    if (!(number >= this.base && number < this.base + this.lineCount)) throw new SysfsFault("EINVAL");
    if (this.#lines.has(number)) throw new SysfsFault("EBUSY");
    this.#lines.set(number, { direction: "in", edge: "none", out: 0, activeLow: false });
  }

  #file(file: string): { readonly number: number; readonly line: Line; readonly name: string } {
    const match = LINE_FILE.exec(file);
    const number = Number(match?.[1]);
    const line = this.#lines.get(number);
    if (!match || !line) throw new SysfsFault("ENOENT");
    return { number, line, name: match[2] ?? "" };
  }

  #value(number: number, line: Line): 0 | 1 {
    const voltage = line.direction === "out" ? line.out : (this.#world.get(number) ?? 0);
    return (voltage === 1) === line.activeLow ? 0 : 1;
  }
}

/** `high` and `low` are voltages; active-low does not turn them round. */
function setDirection(line: Line, value: string): void {
  if (!["in", "out", "high", "low"].includes(value)) throw new SysfsFault("EINVAL");
  line.direction = value === "in" ? "in" : "out";
  if (value !== "in") line.out = value === "high" ? 1 : 0;
}
