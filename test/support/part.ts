import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { repository } from "./repository.ts";
import { waitFor } from "./wait-for.ts";

const LINES_KEPT = 20_000;

/** One program to run. */
export interface PartOptions {
  /** Path from the repository's root, for example `dist/gateway/main.js`, or a full path; the first argument of `program`. */
  readonly script?: string;
  /** Full path; default: the Node that runs the tests. */
  readonly program?: string;
  readonly args?: readonly string[];
  /** Added to this process's environment; an undefined value takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the repository's root. */
  readonly cwd?: string;
  /** Milliseconds until `whenReady` gives up; default 30,000. */
  readonly readyTimeoutMs?: number;
}

/** The line by which a service says that it serves (runtime/lifecycle.ts), with the addresses it announced. */
export type ReadyLine = Readonly<Record<string, string | number>> & { readonly event: "ready" };

/** How a process ended: exactly one of the two is set. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();
process.once("exit", killAllParts);

/** Kills with -9 every process that this module started and that still runs, with the children of each. */
export function killAllParts(): void {
  for (const child of running) killGroup(child);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL"); // each part leads a group of its own, so its children go too
  } catch {
    child.kill("SIGKILL"); // the group is gone already
  }
}

/** A product process under test: started, watched, killed, started again. */
export class Part {
  readonly #options: PartOptions;
  #child!: ChildProcess;
  #stdout: string[] = [];
  #stderr: string[] = [];
  #ready: ReadyLine | null = null;
  #exit: Exit | null = null;
  #exited: Promise<Exit> = Promise.resolve({ code: null, signal: null });

  constructor(options: PartOptions) {
    this.#options = options;
  }

  /** Starts the process; does not wait for anything. */
  start(change: Partial<PartOptions> = {}): void {
    const {
      script,
      program = process.execPath,
      args = [],
      env = {},
      cwd = repository,
    } = { ...this.#options, ...change };
    this.#ready = null;
    this.#exit = null;
    const child = spawn(program, script === undefined ? args : [resolve(repository, script), ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    running.add(child);
    keepLines(child.stdout, this.#stdout, (line) => {
      this.#ready ??= readyLine(line);
    });
    keepLines(child.stderr, this.#stderr);
    this.#exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        running.delete(child);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
      child.once("error", () => resolve({ code: 127, signal: null }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Resolves when the process has ended and all its output was read. */
  get exited(): Promise<Exit> {
    return this.#exited;
  }

  /** Lines of standard output of all runs so far, oldest first. */
  get lines(): readonly string[] {
    return this.#stdout;
  }

  /** Lines of standard error of all runs so far, oldest first. */
  get errorLines(): readonly string[] {
    return this.#stderr;
  }

  /** The readiness line of this run. @throws {Error} when it has not come */
  get ready(): ReadyLine {
    if (this.#ready === null) throw new Error(`${this.#name} is not ready`);
    return this.#ready;
  }

  /** Waits for the readiness line. @throws {Error} with the last output when the process ends first or the time is over */
  async whenReady(): Promise<ReadyLine> {
    const { readyTimeoutMs = 30_000 } = this.#options;
    const seen = (): boolean => this.#ready !== null || this.#exit !== null;
    await waitFor(seen, { timeoutMs: readyTimeoutMs, what: `the readiness line of ${this.#name}` }).catch(
      () => undefined,
    );
    if (this.#ready !== null) return this.#ready;
    const why = this.#exit === null ? "is not ready" : `ended with ${this.#exit.code ?? this.#exit.signal}`;
    throw new Error(`${this.#name} ${why}; its last output:\n${this.#tail()}`);
  }

  /** Ends the process as a power cut would end it, without a chance to write anything. */
  async kill9(): Promise<Exit> {
    killGroup(this.#child);
    return await this.#exited;
  }

  /** Asks the process to stop (SIGTERM), and kills it when it has not after `graceMs`. */
  async stop(graceMs = 10_000): Promise<Exit> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(this.#child), graceMs);
    const exit = await this.#exited;
    clearTimeout(timer);
    return exit;
  }

  /** Kills the process if it still runs, starts it again and waits until it is ready. */
  async restart(change: Partial<PartOptions> = {}): Promise<ReadyLine> {
    if (this.#exit === null) await this.kill9();
    this.start(change);
    return await this.whenReady();
  }

  get #name(): string {
    return this.#options.script ?? this.#options.program ?? "the process";
  }

  #tail(): string {
    return [...this.#stdout.slice(-20), ...this.#stderr.slice(-40)].join("\n");
  }
}

/** Runs a program to its end and returns what it said. */
export async function runToEnd(options: PartOptions): Promise<Exit & { stdout: string; stderr: string }> {
  const part = new Part(options);
  part.start();
  const exit = await part.exited;
  return { ...exit, stdout: part.lines.join("\n"), stderr: part.errorLines.join("\n") };
}

function keepLines(stream: Readable | null, into: string[], each?: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream }).on("line", (line) => {
    into.push(line);
    if (into.length > LINES_KEPT) into.splice(0, LINES_KEPT / 2);
    each?.(line);
  });
}

function readyLine(line: string): ReadyLine | null {
  if (!line.startsWith("{")) return null;
  try {
    const parsed: unknown = JSON.parse(line);
    const isReady = typeof parsed === "object" && parsed !== null && "event" in parsed && parsed.event === "ready";
    return isReady ? (parsed as ReadyLine) : null;
  } catch {
    return null; // a log line that only looks like JSON
  }
}
