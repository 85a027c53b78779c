import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BluepostError } from "../../protocol/errors.ts";
import { packageFile } from "../../runtime/package-paths.ts";

/** A product process of the simulated site ended before it served, or a command of one failed. */
export class PartFailedError extends BluepostError {
  readonly code = "SIM_PART_FAILED";
  readonly recovery = "operator";
}

/** Last lines of a process that a fault repeats. */
const LINES_TOLD = 5;

export type PartName = "engine" | "gateway" | "kiosk";

/** The addresses of a readiness line. */
export type ReadyFields = Readonly<Record<string, string | number>>;

/** One product process, untouched: started, watched, killed, started again. */
export class ChildPart {
  readonly name: string;
  readonly #part: PartName;
  readonly #args: readonly string[];
  readonly #log: (line: string) => void;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();

  /**
   * @param options.log gets every line that the process prints, the readiness line left out
   * @param options.env variables added to ours
   */
  constructor(
    name: string,
    part: PartName,
    options: {
      readonly args: readonly string[];
      readonly log: (line: string) => void;
      readonly env?: Readonly<Record<string, string>>;
    },
  ) {
    this.name = name;
    this.#part = part;
    this.#args = options.args;
    this.#log = options.log;
    this.#env = options.env ?? {};
  }

  get running(): boolean {
    return this.#child !== null;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process and waits until it serves. @throws {PartFailedError} SIM_PART_FAILED when it ends first */
  start(): Promise<ReadyFields> {
    const child = spawnPart(this.#part, this.#args, this.#env);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        if (this.#child === child) this.#child = null;
        resolve();
      });
    });
    const last: string[] = [];
    return new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (!stream) continue;
        createInterface({ input: stream }).on("line", (line) => {
          const ready = readyFields(line);
          if (ready) resolve(ready);
          else this.#log(line);
          last.splice(0, Math.max(0, last.push(line) - LINES_TOLD));
        });
      }
      child.once("close", (code) =>
        reject(
          new PartFailedError(`${this.name} ended before it served: ${last.join("; ")}`, { exitCode: code ?? -1 }),
        ),
      );
    });
  }

  /** Ends the process as a power cut would. */
  async kill9(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** Asks the process to stop, and waits; kills it after ten seconds. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await this.#exited;
    clearTimeout(timer);
  }
}

function spawnPart(part: PartName, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [packageFile(`dist/${part}/main.js`), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

function readyFields(line: string): ReadyFields | null {
  if (!line.startsWith('{"event":"ready"')) return null;
  return JSON.parse(line) as ReadyFields;
}

/** Runs a command of a part to its end. @returns its standard output @throws {PartFailedError} SIM_PART_FAILED */
export async function runCommand(part: PartName, args: readonly string[]): Promise<string> {
  const child = spawnPart(part, args);
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number>((resolve) => child.once("close", (exit) => resolve(exit ?? -1)));
  if (code !== 0)
    throw new PartFailedError(`${part} ${args.slice(0, 2).join(" ")} failed: ${errors.trim()}`, { exitCode: code });
  return output;
}
