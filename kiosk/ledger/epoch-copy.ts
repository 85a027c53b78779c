import { existsSync } from "node:fs";
import { open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Epoch, parseEpoch, type Stream } from "../../protocol/ids.ts";
import type { Logger } from "../../runtime/log.ts";

/** Epochs of a ledger's streams; as many as are known. */
export type Epochs = Partial<Readonly<Record<Stream, Epoch>>>;

/** Keeps the epochs of a ledger a second time beside it: without them, salvaged seals could not be opened. */
export class EpochCopy {
  readonly #path: string;
  readonly #logger: Logger;
  #epochs: Epochs = {};
  #tail: Promise<void> = Promise.resolve();

  /** @param file the ledger */
  constructor(file: string, logger: Logger) {
    this.#path = `${file}.epoch`;
    this.#logger = logger;
  }

  /** @throws {MalformedError} PROTO_MALFORMED when the copy is damaged */
  async read(): Promise<Epochs> {
    const [c, p] = (await this.#text()).split("\n").filter((line) => line !== "");
    return { ...(c !== undefined && { c: parseEpoch(c) }), ...(p !== undefined && { p: parseEpoch(p) }) };
  }

  /** Notes epochs beside those noted before; when this resolves they are on the disk, or the log says why not. */
  keep(epochs: Epochs): Promise<void> {
    this.#epochs = { ...this.#epochs, ...epochs };
    this.#tail = this.#tail.then(() => this.#write()).catch((fault: unknown) => this.#failed(fault));
    return this.#tail;
  }

  async #write(): Promise<void> {
    const text = `${this.#epochs.c ?? ""}\n${this.#epochs.p ?? ""}\n`;
    if ((await this.#text()) === text) return;
    await writeFile(`${this.#path}.new`, text, { mode: 0o600, flush: true });
    await rename(`${this.#path}.new`, this.#path);
    await syncFolder(dirname(this.#path));
  }

  /** The ledger itself still knows them, and the next opening tries again. */
  #failed(fault: unknown): void {
    const code = fault instanceof Error && "code" in fault ? `${fault.code}` : "";
    this.#logger.warn("ledger.epoch_copy_failed", { errno: code });
  }

  async #text(): Promise<string> {
    return existsSync(this.#path) ? readFile(this.#path, "utf8") : "";
  }
}

/** Makes the names in a folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}
