import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { SafeDetails } from "../../../protocol/errors.ts";
import { type RootLogger, silentLogger } from "../../../runtime/log.ts";
import { Database } from "../../../runtime/sqlite/database.ts";
import { doorOf, type GatewayRig, makeSite, openGatewayRig } from "../../support/gateway-rig.ts";
import type { TestSite } from "../../support/gateway-site.ts";
import { connectPacket, publishPacket, subscribePacket } from "../../support/mqtt-wire.ts";
import { mqttPacket, RawClient } from "../../support/raw-mqtt.ts";
import { StubEngine } from "../../support/stub-engine.ts";
import { waitFor } from "../../support/wait-for.ts";

const row = { kind: "anchor" } as const;
let site: TestSite;

beforeAll(async () => {
  site = await makeSite();
});

async function open(flags: readonly string[] = [], log: RootLogger = silentLogger): Promise<GatewayRig> {
  const rig = await openGatewayRig({ site, engine: await StubEngine.create(site), flags, log });
  for (const name of ["door-a", "door-b"]) await rig.add(name);
  return rig;
}

async function door(rig: GatewayRig, name = "door-a", boot = "0a0b0c0d"): Promise<RawClient> {
  const client = await RawClient.open(rig.plainPort);
  onTestFinished(() => client.destroy());
  client.write(connectPacket({ clientId: name, username: `boot:${boot}` }));
  await waitFor(() => client.connack !== null || client.closed);
  return client;
}

const topic = (leaf: string, name = "door-a"): Uint8Array => Buffer.from(`bluepost/v1/school-1/${name}/${leaf}`);

async function serves(rig: GatewayRig): Promise<void> {
  const client = await door(rig, "door-b");
  client.write(
    publishPacket(topic("checkins", "door-b"), 1, (await (await doorOf(site, "door-b")).batch([row])).bytes),
  );
  await waitFor(() => client.acked.length === 1, { what: "a neighbour's batch to be acknowledged" });
}

async function violations(rig: GatewayRig): Promise<string[]> {
  const { counters } = await rig.gateway.status();
  return Object.keys(counters).filter((name) => name.startsWith("violation."));
}

describe("PUBACK", () => {
  it("does not come before the commit is on the disk", async () => {
    const rig = await open();
    const client = await door(rig);
    const blocker = await Database.open({ file: `${rig.folder}/spool.db` });
    onTestFinished(() => blocker.close());
    await blocker.exec("BEGIN IMMEDIATE"); // whoever holds the file's write lock keeps every commit waiting
    const maker = await doorOf(site, "door-a");
    for (let id = 1; id <= 3; id += 1)
      client.write(publishPacket(topic("checkins"), id, (await maker.batch([row])).bytes));
    const other = await door(rig, "door-b");
    other.write(publishPacket(topic("health", "door-b"), 9, Buffer.from("{}"))); // is not stored, so it need not wait
    await waitFor(() => other.acked.length === 1);
    expect(client.acked).toEqual([]);
    await blocker.exec("ROLLBACK");
    await waitFor(() => client.acked.length === 3);
  });

  it("never comes when the commit fails; the connection ends and the gateway lives on", async () => {
    const rig = await open();
    const client = await door(rig);
    const saboteur = await Database.open({ file: `${rig.folder}/spool.db` });
    onTestFinished(() => saboteur.close());
    await saboteur.exec("CREATE TRIGGER stop BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'no space'); END");
    const batch = await (await doorOf(site, "door-a")).batch([row]);
    client.write(publishPacket(topic("checkins"), 1, batch.bytes));
    await waitFor(() => client.closed);
    expect(client.acked).toEqual([]);
    expect((await rig.gateway.status()).counters["spool.commit_failed"]).toBe(1);
    await saboteur.exec("DROP TRIGGER stop");
    await serves(rig);
  });
});

describe("a client that breaks the rules", () => {
  it.each([
    ["announces a packet of 10 MB", "oversize", [mqttPacket(0x32, Buffer.alloc(10_000_000))]],
    ["announces a packet of 256 MB and sends none of it", "oversize", [Buffer.of(0x32, 0xff, 0xff, 0xff, 0x7f)]],
    [
      "publishes on a neighbour's topic",
      "foreign_topic",
      [publishPacket(topic("checkins", "door-b"), 1, Buffer.of(1))],
    ],
    [
      "publishes on a topic of its own making",
      "foreign_topic",
      [publishPacket(topic("checkins/x/y"), 1, Buffer.of(1))],
    ],
    [
      "publishes with QoS 2",
      "qos2",
      [mqttPacket(0x34, Buffer.of(0, topic("checkins").length), topic("checkins"), Buffer.of(0, 1))],
    ],
  ])("and %s loses its connection, and others do not", async (_title, violation, packets) => {
    const rig = await open();
    const client = await door(rig);
    client.write(...packets);
    await waitFor(() => client.closed);
    expect(await violations(rig)).toContain(`violation.${violation}`);
    await serves(rig);
  });

  it("and publishes faster than allowed loses its connection, and reconnecting gives no new burst", async () => {
    const rig = await open(["mqtt.publishPerSecond=1", "mqtt.publishBurst=20"]);
    const client = await door(rig);
    client.write(...Array.from({ length: 50 }, (_, id) => publishPacket(topic("health"), id + 1, Buffer.from("{}"))));
    await waitFor(() => client.closed);
    const again = await door(rig);
    again.write(...Array.from({ length: 5 }, (_, id) => publishPacket(topic("health"), id + 1, Buffer.from("{}"))));
    await waitFor(() => again.closed);
    expect(await violations(rig)).toContain("violation.rate");
    await serves(rig);
  });

  it("and opens more connections than allowed gets no more", async () => {
    const rig = await open(["mqtt.maxConnectionsPerDevice=2", "mqtt.probeMs=10000"]);
    const clients = [await door(rig), await RawClient.open(rig.plainPort), await RawClient.open(rig.plainPort)];
    const [, second, third] = clients;
    const hello = connectPacket({ clientId: "door-a", username: "boot:0badcafe" });
    second?.write(hello); // waits: the first is asked for a sign of life, and a raw client gives none
    await waitFor(async () => Object.keys((await rig.gateway.status()).counters).length === 0);
    third?.write(hello);
    await waitFor(() => third?.closed);
    for (const client of clients) client.destroy();
    expect(await violations(rig)).toContain("violation.too_many_connections");
  });

  it.each([
    ["a neighbour's receipts", "bluepost/v1/school-1/door-b/receipt"],
    ["everybody's check-ins", "bluepost/v1/+/+/checkins"],
    ["everything", "#"],
    ["a shared subscription", "$share/site/bluepost/v1/school-1/+/checkins"],
    ["a shared subscription of its own topic", "$share/site/bluepost/v1/school-1/door-a/receipt"],
  ])(
    "and subscribes to %s is refused with a reason, again and again, and gets nothing of it",
    async (_title, filter) => {
      const lines: string[] = [];
      const rig = await open([], logInto(lines));
      const client = await door(rig);
      const received: string[] = [];
      client.socket.on("data", (chunk: Buffer) => received.push(chunk.toString("latin1")));
      const times = 300;
      client.write(...Array.from({ length: times }, (_, id) => subscribePacket(filter, id + 1)));
      await waitFor(() => client.subacks.length === times);
      expect(new Set(client.subacks)).toEqual(new Set([128]));
      await serves(rig);
      expect((await rig.gateway.status()).counters["violation.refused_subscription"]).toBe(times);
      const told = lines.filter((line) => line.startsWith("violation.refused_subscription door-a"));
      expect(told.length).toBe(102); // a hundred, then every hundredth: a flood must not fill the disk
      expect(received.join("")).not.toContain("door-b");
      expect(client.closed).toBe(false);
    },
  );

  it("and breaks rules as fast as it can leaves a reason in the log for each kind", async () => {
    const lines: string[] = [];
    const rig = await open(["mqtt.publishPerSecond=1", "mqtt.publishBurst=20"], logInto(lines));
    const attacks: readonly (readonly Uint8Array[])[] = [
      [mqttPacket(0x32, Buffer.alloc(10_000_000))],
      [publishPacket(topic("checkins", "door-b"), 1, Buffer.of(1))],
      Array.from({ length: 50 }, (_, id) => publishPacket(topic("health"), id + 1, Buffer.from("{}"))),
    ];
    for (const packets of attacks) {
      const client = await door(rig);
      client.write(...packets);
      await waitFor(() => client.closed);
    }
    await serves(rig);
    for (const reason of ["oversize", "foreign_topic", "rate"])
      expect(lines.filter((line) => line === `violation.${reason} door-a`)).toHaveLength(1);
  });

  it.each([
    ["no user name", connectPacket({ clientId: "door-a" }), 4],
    ["a user name that is no boot id", connectPacket({ clientId: "door-a", username: "boot:zz" }), 4],
    ["a client id that is no device id", connectPacket({ clientId: "Door A", username: "boot:0a0b0c0d" }), 2],
    ["the name of nobody", connectPacket({ clientId: "door-z", username: "boot:0a0b0c0d" }), 5],
  ])("with %s is refused with a reason", async (_title, hello, code) => {
    const rig = await open();
    const client = await RawClient.open(rig.plainPort);
    client.write(hello);
    await waitFor(() => client.closed);
    expect(client.connack).toBe(code);
  });

  it("and sends anything but MQTT is dropped", async () => {
    const rig = await open(["mqtt.connectTimeoutMs=300"]);
    const talk = ["GET / HTTP/1.1\r\n\r\n", "\u0016\u0003\u0001", "\u0000".repeat(5_000), "\u0010\u0002\u0000"];
    for (const words of talk) {
      const client = await RawClient.open(rig.plainPort);
      client.write(Buffer.from(words, "latin1"));
      await waitFor(() => client.closed);
    }
    const silent = await RawClient.open(rig.plainPort);
    await waitFor(() => silent.closed);
    await serves(rig);
  });

  it("and publishes before CONNECT is dropped", async () => {
    const rig = await open();
    const client = await RawClient.open(rig.plainPort);
    client.write(publishPacket(topic("checkins"), 1, Buffer.of(1)));
    await waitFor(() => client.closed);
    expect(client.acked).toEqual([]);
  });

  it("over the number of connections of the listener is not let in", async () => {
    const rig = await open(["mqtt.maxConnections=3"]);
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.open(rig.plainPort)));
    await waitFor(() => clients.filter(({ closed }) => closed).length === 3);
    for (const client of clients) client.destroy();
    await waitFor(async () => {
      await serves(rig);
      return true;
    });
  });
});

describe("a client that sends more than the disk takes", () => {
  it("is read no further until its messages are committed, and then to the end", async () => {
    const rig = await open(["mqtt.publishBurst=10000", "mqtt.publishPerSecond=10000"]);
    const client = await door(rig);
    const blocker = await Database.open({ file: `${rig.folder}/spool.db` });
    onTestFinished(() => blocker.close());
    await blocker.exec("BEGIN IMMEDIATE");
    const count = 400;
    const noise = Buffer.alloc(30_000, 1); // 12 MB in all, put aside as malformed; well above what sockets buffer by themselves
    for (let id = 1; id <= count; id += 1) client.write(publishPacket(topic("checkins"), id, noise));
    await answersWithoutDisk(rig);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(client.acked).toEqual([]);
    await blocker.exec("ROLLBACK");
    await waitFor(() => client.acked.length === count, { timeoutMs: 30_000 });
    expect(client.acked).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  });

  it("is dropped when it falls silent for one and a half times its keep-alive, and not while it only publishes", async () => {
    const rig = await open();
    const [silent, busy] = [await RawClient.open(rig.plainPort), await RawClient.open(rig.plainPort)];
    onTestFinished(() => busy.destroy());
    silent.write(connectPacket({ clientId: "door-a", username: "boot:0a0b0c0d", keepAliveSeconds: 1 }));
    busy.write(connectPacket({ clientId: "door-b", username: "boot:0a0b0c0d", keepAliveSeconds: 1 }));
    await waitFor(() => busy.connack === 0 && silent.connack === 0);
    let id = 0;
    const ticking = setInterval(
      () => busy.write(publishPacket(topic("health", "door-b"), ++id, Buffer.from("{}"))),
      200,
    );
    onTestFinished(() => clearInterval(ticking));
    await waitFor(() => silent.closed);
    expect(busy.closed).toBe(false);
  });
});

/** Event and device of each line. */
function logInto(lines: string[]): RootLogger {
  const note = (event: string, fields: SafeDetails = {}): void => void lines.push(`${event} ${fields["device"] ?? ""}`);
  const log = { error: note, warn: note, info: note, debug: note };
  return { ...log, child: () => log };
}

/** A neighbour still gets answers to what needs no disk. */
async function answersWithoutDisk(rig: GatewayRig): Promise<void> {
  const other = await door(rig, "door-b");
  other.write(publishPacket(topic("health", "door-b"), 9, Buffer.from("{}")));
  await waitFor(() => other.acked.length === 1);
}
