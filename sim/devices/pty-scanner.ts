import { utf8 } from "../../protocol/bytes.ts";
import { Pty } from "./pty.ts";

/** How a virtual scanner is set up; the defaults are a GM65 with the CR suffix switched on. */
export interface PtyScannerOptions {
  /** Path under which the scanner appears; it stays the same over unplugging, like a name in /dev/serial/by-id. */
  readonly link: string;
  readonly suffix?: string;
  readonly prefix?: string;
  /** Frames each symbol in STX and ETX. */
  readonly stx?: boolean;
  /** Sends the AIM identifier of a QR code, `]Q3`, before each symbol. */
  readonly aim?: boolean;
  /** Bytes of noise before each symbol. */
  readonly garbage?: Uint8Array;
  /** Paces the bytes like a line of this many bits per second; a pseudo terminal alone is as fast as memory. */
  readonly baudRate?: number;
  /** Writes this many bytes at a time. */
  readonly chunkBytes?: number;
}

const STX = "\u0002";
const ETX = "\u0003";
const PACE_MS = 5;

/** A scanner on a pseudo terminal: the real serial driver of another program, or of this one, reads it. */
export class PtyScanner {
  readonly #options: PtyScannerOptions;
  #pty: Pty | null = null;

  constructor(options: PtyScannerOptions) {
    this.#options = options;
  }

  get link(): string {
    return this.#options.link;
  }

  /** @throws {NoPtyError} SIM_NO_PTY when the machine gives no pseudo terminals */
  plug(): void {
    this.#pty ??= Pty.open(this.#options.link);
  }

  /** Pulls the cable; what was not sent is lost, and what is presented while it is out too. */
  unplug(): void {
    this.#pty?.close();
    this.#pty = null;
  }

  /** Shows a code to the scanner; resolves when its last byte is on the line. Text is sent as UTF-8. */
  async present(payload: Uint8Array | string): Promise<void> {
    const { stx, aim, prefix = "", suffix = "\r", garbage } = this.#options;
    const head = utf8(`${stx ? STX : ""}${prefix}${aim ? "]Q3" : ""}`);
    const body = typeof payload === "string" ? utf8(payload) : payload;
    const tail = utf8(`${stx ? ETX : ""}${suffix}`);
    await this.send(Uint8Array.from([...(garbage ?? []), ...head, ...body, ...tail]));
  }

  /** Puts raw bytes on the line, in the set pace and chunks. */
  async send(bytes: Uint8Array): Promise<void> {
    const pty = this.#pty;
    if (!pty) return;
    const { baudRate, chunkBytes } = this.#options;
    const perStep = chunkBytes ?? (baudRate ? Math.max(1, Math.floor((baudRate / 10_000) * PACE_MS)) : bytes.length);
    for (let at = 0; at < bytes.length && pty.isOpen; at += perStep) {
      const step = bytes.subarray(at, at + perStep);
      await pty.write(step);
      if (baudRate) await new Promise((resolve) => setTimeout(resolve, (step.length * 10_000) / baudRate));
    }
  }
}
