import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { BrokerRefusedError } from "../../../../../gateway/broker/external/mqtt-broker.ts";
import { MqttLink } from "../../../../../gateway/broker/external/mqtt-link.ts";
import type { SafeDetails } from "../../../../../protocol/errors.ts";
import { systemTimers } from "../../../../../runtime/timers.ts";
import { PacketReader } from "../../../../support/mqtt-wire.ts";
import { waitFor } from "../../../../support/wait-for.ts";

const CONNECT = 1;
const SUBSCRIBE = 8;
const PUBACK = 4;

type Answer = (socket: Socket, level: number) => void;
const accept: Answer = (socket) => void socket.write(Buffer.of(0x20, 2, 0, 0));
const hangUp: Answer = (socket) => void socket.destroy();

/** A broker that answers CONNECT as told, and notes what it got. */
async function broker(
  answers: readonly Answer[],
  onSubscribe: (socket: Socket, id: readonly number[]) => void = () => {},
): Promise<{ url: string; levels: number[]; acked: number[]; sockets: Socket[] }> {
  const [levels, acked, sockets]: [number[], number[], Socket[]] = [[], [], []];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    const reader = new PacketReader((type, body) => {
      if (type === CONNECT) {
        const level = body[6] ?? 0;
        levels.push(level);
        (answers[Math.min(levels.length, answers.length) - 1] ?? accept)(socket, level);
      }
      if (type === SUBSCRIBE) onSubscribe(socket, [...body.subarray(0, 2)]);
      if (type === PUBACK) acked.push((body[0] ?? 0) * 256 + (body[1] ?? 0));
    });
    socket.on("data", (chunk) => reader.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, levels, acked, sockets };
}

interface Watched {
  readonly link: MqttLink;
  readonly log: string[];
  readonly ups: number[];
  readonly kept: (() => void)[];
}

function watch(url: string, up: (link: MqttLink) => Promise<void> = () => Promise.resolve()): Watched {
  const [log, ups, kept]: [string[], number[], (() => void)[]] = [[], [], []];
  const note = (event: string, { fault }: SafeDetails = {}): void => void log.push(`${event} ${fault ?? ""}`.trim());
  const link: MqttLink = new MqttLink(
    {
      url,
      clientId: "gateway",
      keepsSession: true,
      protocol: "auto",
      tls: () => Promise.resolve(null),
      login: null,
      maxPacketBytes: 131_072,
      connectTimeoutMs: 300,
      timers: systemTimers,
      random: () => 0.01,
      log: { error: note, warn: note, info: note, debug: note },
    },
    {
      up: async ({ level }) => {
        await up(link);
        ups.push(level);
      },
      down: () => {},
      message: () => new Promise((resolve) => kept.push(resolve)),
    },
  );
  onTestFinished(() => link.close());
  return { link, log, ups, kept };
}

describe("MqttLink", () => {
  it.each([
    ["refuses MQTT 5 in words", ((socket) => void socket.write(Buffer.of(0x20, 2, 0, 1))) as Answer],
    ["hangs up on MQTT 5", hangUp],
  ])("falls back to 3.1.1 at a broker that %s", async (_title, refuse) => {
    const { url, levels } = await broker([refuse, accept]);
    const { link, ups } = watch(url);
    await link.open();
    expect([levels, ups, link.connected]).toEqual([[5, 4], [4], true]);
  });

  it("starts without a broker that answers nothing, and comes when it does", async () => {
    const { url } = await broker([() => {}, () => {}, () => {}, accept]);
    const { link, log, ups } = watch(url);
    await link.open();
    expect([link.connected, log]).toEqual([false, [expect.stringContaining("broker.unreachable")]]);
    await waitFor(() => ups.length === 1);
  });

  it("does not wait for ever when the connection ends while it subscribes", async () => {
    const { url } = await broker([accept], (socket) => socket.destroy());
    const { link, log } = watch(url, async (one) => void (await one.subscribe(["a/b"])));
    await link.open();
    await waitFor(() => log.length >= 2);
    expect(new Set(log.map((line) => line.split(" ")[0]))).toEqual(new Set(["broker.unreachable"]));
  });

  it("names the reason when its subscriptions are refused", async () => {
    const { url } = await broker([hangUp, accept], (socket, id) => void socket.write(Buffer.of(0x90, 3, ...id, 128)));
    const { link, log } = watch(url, async (one) => {
      if (!(await one.subscribe(["a/b"]))) throw new BrokerRefusedError("refused");
    });
    await link.open();
    expect(log).toEqual(["broker.unreachable GW_BROKER_REFUSED"]);
  });

  it("acknowledges many messages when each is kept, without waiting for the one before", async () => {
    const { url, acked, sockets } = await broker([hangUp, accept]);
    const { link, kept } = watch(url);
    await link.open();
    for (let id = 1; id <= 50; id += 1) sockets.at(-1)?.write(Buffer.from([0x32, 6, 0, 1, 0x74, 0, id, 1]));
    await waitFor(() => kept.length === 50);
    expect(acked).toEqual([]);
    for (const keep of [...kept].reverse()) keep();
    await waitFor(() => acked.length === 50);
    expect(acked).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  it("closes although the broker is silent", async () => {
    const { url, sockets } = await broker([hangUp, accept]);
    const { link } = watch(url);
    await link.open();
    sockets.at(-1)?.pause();
    link.publish("a/b", new Uint8Array(1), false); // nobody acknowledges it
    await link.close();
    expect(link.connected).toBe(false);
  });
});
