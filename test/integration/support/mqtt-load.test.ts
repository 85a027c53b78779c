import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { mosquittoProgram, NO_MOSQUITTO, startMosquitto } from "../../support/mosquitto.ts";
import { runLoad } from "../../support/mqtt-load.ts";
import { PacketReader } from "../../support/mqtt-wire.ts";
import { tempFolder } from "../../support/processes.ts";
import { PublishTrain } from "../../support/publish-train.ts";

const CONNECT = 1;
const PUBLISH = 3;

/** A broker that acknowledges everything at once and keeps what it got. */
async function sink(options: { readonly dropAfter?: number; readonly refuse?: boolean } = {}) {
  const got: { topic: string; payload: string }[] = [];
  const serve = (socket: Socket): void => {
    const answers: number[] = [];
    const reader = new PacketReader((type, body) => {
      if (type === CONNECT) answers.push(0x20, 2, 0, options.refuse ? 5 : 0);
      if (type !== PUBLISH) return;
      const topicLength = (body[0]! << 8) | body[1]!;
      const text = Buffer.from(body).toString();
      got.push({ topic: text.slice(2, 2 + topicLength), payload: text.slice(4 + topicLength) });
      if (got.length > (options.dropAfter ?? Number.POSITIVE_INFINITY)) return void socket.destroy();
      answers.push(0x40, 2, body[2 + topicLength]!, body[3 + topicLength]!);
    });
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      reader.push(chunk);
      if (answers.length > 0 && !socket.destroyed) socket.write(Buffer.from(answers.splice(0)));
    });
  };
  const server = createServer(serve).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, got };
}

function trainOf(messages: number, client = 0): PublishTrain {
  const payloads = Array.from({ length: messages }, (_, message) => Buffer.from(`${client}:${message}`));
  return new PublishTrain(`t/${client}`, payloads);
}

describe("the MQTT load", () => {
  it("publishes each message of each client once and sees all acknowledged", async () => {
    const { port, got } = await sink();
    const acked: string[] = [];
    const report = await runLoad({
      host: "127.0.0.1",
      port,
      clients: 7,
      inFlight: 4,
      trains: (client) => trainOf(50, client),
      onAck: (client, message) => acked.push(`${client}:${message}`),
    });
    expect(report).toMatchObject({ sent: 350, acked: 350, dropped: 0 });
    expect(new Set(got.map(({ payload }) => payload)).size).toBe(350);
    expect([...acked].sort()).toEqual(got.map(({ payload }) => payload).sort());
    expect(got.every(({ topic, payload }) => payload.startsWith(`${topic.slice(2)}:`))).toBe(true);
  });

  it("counts what a broken connection left unacknowledged", async () => {
    const { port } = await sink({ dropAfter: 100 });
    const report = await runLoad({ host: "127.0.0.1", port, clients: 1, inFlight: 16, trains: () => trainOf(1000) });
    expect(report.dropped).toBe(1);
    expect(report.acked).toBeLessThanOrEqual(100);
    expect(report.sent - report.acked).toBeGreaterThan(0);
  });

  it("says when a broker refuses every client", async () => {
    const { port } = await sink({ refuse: true });
    await expect(runLoad({ host: "127.0.0.1", port, clients: 2, trains: () => trainOf(1) })).rejects.toThrow(
      "no client",
    );
  });

  it.skipIf(mosquittoProgram() === null)(
    `is understood by mosquitto, also after a kill${mosquittoProgram() === null ? ` ${NO_MOSQUITTO}` : ""}`,
    async () => {
      const broker = await startMosquitto({ folder: join(tempFolder(), "broker") });
      if (broker === null) throw new Error("mosquitto went away");
      onTestFinished(async () => void (await broker.process.stop()));
      const load = {
        host: broker.host,
        port: broker.port,
        clients: 5,
        trains: (client: number) => trainOf(200, client),
      };
      expect(await runLoad(load)).toMatchObject({ acked: 1000, dropped: 0 });
      await broker.process.kill9();
      await broker.restart();
      expect(await runLoad(load)).toMatchObject({ acked: 1000, dropped: 0 });
    },
  );
});
