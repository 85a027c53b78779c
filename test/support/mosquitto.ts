import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { Part } from "./part.ts";
import { freePort } from "./ports.ts";
import { waitFor } from "./wait-for.ts";

/** Why a test or bench over mosquitto is skipped. */
export const NO_MOSQUITTO = "skipped: needs mosquitto (Debian: apt-get install mosquitto)";

/** A mosquitto of our own on a loopback port. */
export interface Mosquitto {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly process: Part;
  /** Starts it again after a kill, over the same folder and port. */
  restart(): Promise<void>;
}

/** Full path of the broker's program, or null when it is not installed. */
export function mosquittoProgram(): string | null {
  return programOf("mosquitto");
}

/** Looks for a program where shells look, and where Debian keeps servers. */
export function programOf(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

/**
 * Starts Debian's mosquitto with persistence, saved every second, and without limits on what may be in flight.
 *
 * @param folder where its configuration and database go; made when absent
 * @param rules configuration in place of this one, without users and database; it listens on `port`
 * @returns null when mosquitto is not installed; the caller stops it with `process.stop()`
 */
export async function startMosquitto(options: {
  readonly folder: string;
  readonly port?: number;
  readonly rules?: string;
}): Promise<Mosquitto | null> {
  const program = mosquittoProgram();
  if (program === null) return null;
  const { folder, port = await freePort(), rules = openHouse(port) } = options;
  await mkdir(folder, { recursive: true });
  const file = join(folder, "mosquitto.conf");
  await writeFile(file, `${rules}\n${household(folder)}`);
  const broker = new Part({ program, args: ["-c", file] });
  const start = async (): Promise<void> => {
    broker.start();
    await waitFor(() => accepts(port), { what: "mosquitto's port" });
  };
  await start();
  return { host: "127.0.0.1", port, process: broker, restart: start };
}

function openHouse(port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence true",
    "autosave_interval 1",
    "max_inflight_messages 0",
    "max_queued_messages 0",
  ].join("\n");
}

function household(folder: string): string {
  const lines = [`persistence_location ${folder}/`, "log_dest stderr", "log_type error"];
  if (process.getuid?.() === 0) lines.push("user root"); // else it would give up its right to write into the folder
  return `${lines.join("\n")}\n`;
}

/** Whether somebody listens on a port of this machine. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
