import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accepts, programOf } from "./mosquitto.ts";
import { Part } from "./part.ts";
import { freePorts } from "./ports.ts";
import { waitFor } from "./wait-for.ts";

/** Why a test over NATS is skipped. */
export const NO_NATS = "skipped: needs nats-server (Debian: apt-get install nats-server)";

/** A nats-server of our own with MQTT on a loopback port. */
export interface NatsServer {
  readonly port: number;
  readonly process: Part;
  /** Starts it again after a kill, over the same folder and ports. */
  restart(): Promise<void>;
}

/**
 * Starts Debian's nats-server with JetStream and MQTT.
 *
 * @param folder where its configuration and streams go; made when absent
 * @param rules configuration that opens MQTT on `port`; default: without TLS or users
 * @returns null when nats-server is not installed; the caller stops it with `process.stop()`
 */
export async function startNats(options: {
  readonly folder: string;
  readonly port?: number;
  readonly rules?: string;
}): Promise<NatsServer | null> {
  const program = programOf("nats-server");
  if (program === null) return null;
  const [own = 0, free = 0] = await freePorts(2);
  const { folder, port = free } = options;
  const rules = options.rules ?? `mqtt {\n  host: 127.0.0.1\n  port: ${port}\n}`;
  await mkdir(folder, { recursive: true });
  const file = join(folder, "nats.conf");
  const main = [
    "server_name: bluepost-test",
    `listen: "127.0.0.1:${own}"`,
    `jetstream {\n  store_dir: "${folder}/jetstream"\n}`,
    rules,
  ];
  await writeFile(file, `${main.join("\n")}\n`);
  const server = new Part({ program, args: ["-c", file] });
  const start = async (): Promise<void> => {
    server.start();
    await waitFor(() => accepts(port), { what: "nats-server's port" });
  };
  await start();
  return { port, process: server, restart: start };
}
