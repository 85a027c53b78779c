import { join } from "node:path";
import { runToEnd } from "../support/part.ts";

/** How a bench is asked to run. */
export interface BenchOptions {
  /** Fewer rounds: to see that a bench works, not to quote its numbers. */
  readonly quick: boolean;
  /** Takes a line of progress for a person. */
  readonly progress: (line: string) => void;
}

/** What a bench gives: lines for a person, and one object for a machine. */
export interface BenchReport {
  readonly rows: readonly string[];
  readonly result: Readonly<Record<string, unknown>>;
}

/** Several measurements of one quantity. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of the rounds. */
  readonly samples: readonly number[];
}

/** Middle value; of an even count the mean of the two in the middle. @throws {Error} for an empty list */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("no samples");
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Median, least and greatest of some measurements. @throws {Error} for an empty list */
export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples };
}

/** Value below which a share of the samples lies. @param share in [0, 1] @throws {Error} for an empty list */
export function quantile(samples: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort();
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (value === undefined) throw new Error("no samples");
  return value;
}

/**
 * How many times larger one configuration measured than another: the median over rounds of the ratio within a round.
 *
 * A shared machine drifts by a factor of two within minutes; neighbours in one round drift together.
 */
export function ratio(of: Spread, to: Spread): Spread {
  return spread(of.samples.map((value, round) => value / (to.samples[round] ?? Number.NaN)));
}

/** One configuration to measure; each call of `measure` starts from nothing, normally in a fresh process. */
export interface Config<Name extends string> {
  readonly name: Name;
  measure(round: number): Promise<number>;
}

/** Measures configurations in turns, A B C A B C, so that what the machine does meanwhile hits all of them alike. */
export async function interleave<Name extends string>(
  configs: readonly Config<Name>[],
  { rounds, progress }: { readonly rounds: number; readonly progress: (line: string) => void },
): Promise<Record<Name, Spread>> {
  const samples = new Map<Name, number[]>(configs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of configs) {
      const value = await measure(round);
      samples.get(name)?.push(value);
      progress(`round ${round + 1}/${rounds} ${name}: ${short(value)}`);
    }
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, spread(values)])) as Record<Name, Spread>;
}

/**
 * Runs a compiled module of test/bench in a fresh Node process and returns the JSON object on its last line.
 *
 * @param module name without ending, for example `load-process`
 * @param input  goes to the process as its only argument, as JSON
 * @throws {Error} with its errors when it ends with another code than 0
 */
export async function runFresh<Answer>(
  module: string,
  input: unknown,
  env: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const script = join(import.meta.dirname, `${module}.js`);
  const { code, signal, stdout, stderr } = await runToEnd({ script, args: [JSON.stringify(input)], env });
  if (code !== 0) throw new Error(`${module} ended with ${code ?? signal}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n") + 1)) as Answer;
}

/** The input that {@link runFresh} gave to this process. */
export function freshInput<Input>(): Input {
  return JSON.parse(process.argv[2] ?? "{}") as Input;
}

/** Lines of a table whose first column is text and whose others are numbers. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly [string, ...(number | string)[]])[],
): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "number" ? short(cell) : cell)));
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ");
  return [line(heads), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)];
}

/** Three significant digits, without an exponent. */
export function short(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}
