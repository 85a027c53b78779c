/** One load in a process of its own: real batches of one row each, by many kiosks, to a gateway or to mosquitto. */
import { connect } from "node:net";
import { concatBytes } from "../../protocol/bytes.ts";
import { batchHash, encodeBatch, genesisHash } from "../../protocol/checkin/batch.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { topicOf } from "../../protocol/mqtt/topics.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { makeAuthority, makeDevice, type TestAuthority } from "../support/batches.ts";
import { type LoadReport, runLoad } from "../support/mqtt-load.ts";
import { PacketReader, subscribePacket } from "../support/mqtt-wire.ts";
import { PublishTrain } from "../support/publish-train.ts";
import { type GatewayLoad, type GatewayLoadReport, loadDevice } from "./kiosk-load.ts";
import { freshInput } from "./kit.ts";

const SITE = "school-1";
console.log(JSON.stringify(await measure(freshInput<GatewayLoad>())));

async function measure(load: GatewayLoad): Promise<GatewayLoadReport> {
  const authority = await makeAuthority();
  const trains: PublishTrain[] = [];
  let bytesPerMessage = 0;
  for (let client = 0; client < load.clients; client += 1) {
    const batches = await makeBatches(authority, client, load.warmUp + load.messages);
    trains.push(new PublishTrain(topicOf(SITE as never, loadDevice(client) as never, "checkins"), batches));
    bytesPerMessage = batches.at(-1)?.length ?? 0;
  }
  const subscriber = load.durableSubscriber ? await subscribeDurably(load.port) : null;
  const ackedSeqs: number[][] = trains.map(() => []);
  const send = (from: number, to: number): Promise<LoadReport> =>
    runLoad({
      host: "127.0.0.1",
      port: load.port,
      clients: load.clients,
      inFlight: load.inFlight,
      durationMs: load.durationMs,
      clientId: loadDevice,
      username: () => "boot:0a0b0c0d",
      trains: (client) => trains[client] as PublishTrain,
      from,
      to,
      onAck: (client, message) => ackedSeqs[client]?.push(message + 1),
    });
  if (load.warmUp > 0) await send(0, load.warmUp);
  const report = await send(load.warmUp, load.warmUp + load.messages);
  subscriber?.destroy();
  return { ...report, bytesPerMessage, ackedSeqs };
}

/** A chain of batches of one row. Signatures are noise: a gateway leaves them to the engine, and making them would take all day. */
async function makeBatches(authority: TestAuthority, client: number, count: number): Promise<Uint8Array[]> {
  const device = await makeDevice(authority, { site: SITE, device: parseDeviceId(loadDevice(client)) });
  const who = { scheme: "cccd", id: "001099012345" } as const;
  const contact = { name: "NGUYEN VAN AN", birth: "1990-01-31", address: "Ha Noi" };
  const { bytes, payload, batch } = await device.batch([{ who, contact }]);
  const head = bytes.subarray(0, Buffer.from(bytes).indexOf(Buffer.from(payload)) - 3);
  const signature = concatBytes(Uint8Array.of(0x58, 0x40), nodeCrypto.randomBytes(64));
  const made: Uint8Array[] = [];
  let previousHash = genesisHash(nodeCrypto, batch);
  for (let seq = 1; seq <= count; seq += 1) {
    const text = encodeBatch({ ...batch, from: seq, to: seq, previousHash });
    previousHash = batchHash(nodeCrypto, text);
    made.push(Buffer.concat([head, Uint8Array.of(0x59, text.length >> 8, text.length & 255), text, signature]));
  }
  return made;
}

/** A subscriber whose session the broker must keep, and that acknowledges whatever comes. */
async function subscribeDurably(port: number): Promise<{ destroy(): void }> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const hello = Buffer.from("\x10\x11\x00\x04MQTT\x04\x00\x00\x00\x00\x05durab", "latin1"); // clean session off
  socket.write(Buffer.concat([hello, subscribePacket("bluepost/#", 1)]));
  await new Promise<void>((resolve) => {
    let acks: number[] = [];
    const reader = new PacketReader((type, body) => {
      if (type === 9) resolve();
      if (type !== 3) return;
      const id = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
      acks.push(0x40, 2, body[id] ?? 0, body[id + 1] ?? 0);
    });
    socket.on("data", (chunk) => {
      reader.push(chunk);
      if (acks.length > 0) socket.write(Uint8Array.from(acks));
      acks = [];
    });
    socket.on("error", () => undefined);
  });
  return socket;
}
