import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, renameSync, rmSync, symlinkSync, write } from "node:fs";
import { ReadStream } from "node:tty";
import { BluepostError } from "../../protocol/errors.ts";

/** This machine gives no pseudo terminals: no /dev/ptmx, or neither perl nor python3. */
export class NoPtyError extends BluepostError {
  readonly code = "SIM_NO_PTY";
  readonly recovery = "operator";
}

/** TIOCSPTLCK and TIOCGPTN of Linux, on the ptmx that comes as file descriptor 3. Source: ioctl_tty(2). */
const PERL = `open(my $m, "+<&=", 3) or die; my $z = pack("i", 0); ioctl($m, 0x40045431, $z) or die;
my $n = pack("i", 0); ioctl($m, 0x80045430, $n) or die; my $p = "/dev/pts/" . unpack("i", $n);
system("stty", "-F", $p, "raw", "-echo") == 0 or die; print $p;`;
const PYTHON = `import fcntl, os, struct, tty
fcntl.ioctl(3, 0x40045431, struct.pack("i", 0))
p = "/dev/pts/%d" % struct.unpack("i", fcntl.ioctl(3, 0x80045430, struct.pack("i", 0)))
s = os.open(p, os.O_RDWR | os.O_NOCTTY); tty.setraw(s); print(p, end="")`;

const HELPERS = [
  ["perl", ["-e", PERL]],
  ["python3", ["-c", PYTHON]],
] as const;

/** Bytes that are handed to the kernel at once; its buffer for a terminal holds 4,096. */
const WRITE_BYTES = 1024;
const RETRY_MS = 1;

/** One end of a serial cable: the kernel's pseudo terminal, whose other end any program opens as a serial device. */
export class Pty {
  /** What the other program opens: the link when one was asked for. */
  readonly path: string;
  readonly #master: number;
  readonly #hold: number;
  readonly #reader: ReadStream;
  #open = true;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(ends: { readonly path: string; readonly master: number; readonly hold: number }) {
    this.path = ends.path;
    this.#master = ends.master;
    this.#hold = ends.hold;
    this.#reader = new ReadStream(ends.master);
    this.#reader.on("error", () => undefined); // the other end closed, or this one did
  }

  /**
   * Makes a pair without a native module.
   *
   * @param link a path that will lead to the other end, replaced at once when it is there
   * @throws {NoPtyError} SIM_NO_PTY when the machine cannot
   */
  static open(link?: string): Pty {
    const master = openMaster();
    const device = nameSlave(master);
    // held open so that the master can be read while no program has the other end open
    const hold = openSync(device, constants.O_RDWR | constants.O_NOCTTY);
    if (link !== undefined) {
      const temporary = `${link}.${process.pid}`;
      rmSync(temporary, { force: true });
      symlinkSync(device, temporary);
      renameSync(temporary, link);
    }
    return new Pty({ path: link ?? device, master, hold });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Calls `received` with bytes that the other program writes. */
  onData(received: (bytes: Uint8Array) => void): void {
    this.#reader.on("data", received);
  }

  /**
   * Sends bytes to the other program, after all that was sent before; resolves when the kernel has them, or the cable was pulled.
   *
   * The stream is not used for this: libuv writes to a pseudo terminal in blocking mode, and a reader in the same process would
   * never get to empty it.
   */
  write(bytes: Uint8Array): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#writeAll(bytes));
    return this.#lastWrite;
  }

  /** Pulls the cable: the other program's line ends. The link stays, and leads nowhere. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reader.destroy();
    closeSync(this.#hold);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length && this.#open) {
      const written = await this.#writeSome(bytes.subarray(at, at + WRITE_BYTES));
      if (written === null) return;
      at += written;
      if (written === 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** @returns bytes taken, zero when the buffer is full, null when the line is gone */
  #writeSome(bytes: Uint8Array): Promise<number | null> {
    return new Promise((resolve) => {
      write(this.#master, bytes, (fault, written) => {
        if (!fault) resolve(written);
        else resolve(fault.code === "EAGAIN" && this.#open ? 0 : null);
      });
    });
  }
}

function openMaster(): number {
  try {
    return openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new NoPtyError("this machine has no /dev/ptmx", {}, { cause });
  }
}

function nameSlave(master: number): string {
  for (const [program, args] of HELPERS) {
    const run = spawnSync(program, args, { stdio: ["ignore", "pipe", "ignore", master], encoding: "utf8" });
    if (run.status === 0 && run.stdout.startsWith("/dev/pts/")) return run.stdout.trim();
  }
  closeSync(master);
  throw new NoPtyError("neither perl nor python3 could unlock a pseudo terminal");
}
