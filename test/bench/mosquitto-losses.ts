import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readBatchFrame } from "../../gateway/spool/batch-frame.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { type Mosquitto, NO_MOSQUITTO, startMosquitto } from "../support/mosquitto.ts";
import { PacketReader, subscribePacket } from "../support/mqtt-wire.ts";
import { waitFor } from "../support/wait-for.ts";
import { type GatewayLoadReport, loadDevice } from "./kiosk-load.ts";

/** What mosquitto acknowledged and no longer had, over some kills. */
export interface Losses {
  readonly acked: number;
  readonly lost: number;
  /** Least and greatest share of one kill, 0 to 1. */
  readonly shares: readonly [number, number];
}

/** How long after the load began a kill comes, milliseconds: anywhere within a period of mosquitto's saving, which is a second. */
const KILL_AFTER_MS = [300, 1_300] as const;
/** No message for this long: everything has been delivered. */
const QUIET_MS = 1_500;

/**
 * Gives mosquitto, saving once a second, the load that the gateway gets, for a subscriber that is away; kills it with -9 and counts what
 * the subscriber gets after a restart.
 */
export async function mosquittoLosses(
  home: string,
  kills: number,
  on: { readonly load: (port: number) => Promise<GatewayLoadReport>; readonly progress: (line: string) => void },
): Promise<Losses> {
  const all: { acked: number; lost: number }[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const folder = mkdtempSync(join(home, "mosquitto-"));
    const broker = await startMosquitto({ folder });
    if (!broker) throw new Error(NO_MOSQUITTO);
    try {
      const one = await oneKill(broker, on.load);
      on.progress(`mosquitto, kill ${kill + 1}/${kills}: ${one.acked} acknowledged, ${one.lost} lost`);
      all.push(one);
    } finally {
      await broker.process.kill9();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const shares = all.map(({ acked, lost }) => (acked === 0 ? 0 : lost / acked));
  return {
    acked: all.reduce((sum, { acked }) => sum + acked, 0),
    lost: all.reduce((sum, { lost }) => sum + lost, 0),
    shares: [Math.min(...shares), Math.max(...shares)],
  };
}

async function oneKill(
  broker: Mosquitto,
  load: (port: number) => Promise<GatewayLoadReport>,
): Promise<{ acked: number; lost: number }> {
  await receive(broker.port, "subscribe");
  const under = load(broker.port);
  await waitFor(() => isBusy(broker.port), { timeoutMs: 60_000, what: "the load to begin" });
  const [least, most] = KILL_AFTER_MS;
  await pause(least + Math.random() * (most - least)); // the moment is chance, as with a power cut
  await broker.process.kill9();
  const { ackedSeqs, acked } = await under;
  await broker.restart();
  const kept = await receive(broker.port, "take");
  const lost = ackedSeqs.flatMap((seqs, client) => seqs.filter((seq) => !kept.has(`${loadDevice(client)} ${seq}`)));
  return { acked, lost: lost.length };
}

async function isBusy(port: number): Promise<boolean> {
  return (await receive(port, "listen")).size > 0;
}

/**
 * One connection of a client with a session that the broker keeps.
 *
 * @param what "subscribe" to everything and leave; "take" what waited; "listen" for any message of the load, with a session that ends
 * @returns device and first seq of each batch that came
 */
function receive(port: number, what: "subscribe" | "take" | "listen"): Promise<ReadonlySet<string>> {
  const got = new Set<string>();
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const [id, flags] = what === "listen" ? ["watch", 2] : ["durab", 0];
  socket.write(Buffer.from(`\x10\x11\x00\x04MQTT\x04${String.fromCharCode(flags)}\x00\x00\x00\x05${id}`, "latin1"));
  return new Promise((resolve) => {
    let timer = setTimeout(() => socket.destroy(), what === "listen" ? 200 : QUIET_MS * 4);
    const reader = new PacketReader((type, body) => {
      if (type === 2 && what !== "take") socket.write(subscribePacket("bluepost/#", 1));
      if (type === 9 && what === "subscribe") socket.end(Buffer.of(0xe0, 0)); // DISCONNECT
      if (type !== 3) return;
      const at = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
      socket.write(Uint8Array.of(0x40, 2, body[at] ?? 0, body[at + 1] ?? 0));
      const { head, from } = readBatchFrame(nodeCrypto, body.subarray(at + 2));
      got.add(`${head.device} ${from}`);
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), what === "listen" ? 0 : QUIET_MS);
    });
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(got);
    });
  });
}
