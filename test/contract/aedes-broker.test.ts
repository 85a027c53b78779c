import type { MqttClient } from "mqtt";
import { beforeAll, it, onTestFinished } from "vitest";
import type { BrokerEvents } from "../../gateway/app.ts";
import { AedesBroker, type AedesBrokerOptions } from "../../gateway/broker/aedes-broker.ts";
import { chainPem, type DeviceBundle } from "../../gateway/registry/device-bundle.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { topicOf } from "../../protocol/mqtt/topics.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { makeSite, type TestSite } from "../support/gateway-site.ts";
import { connectDoor } from "../support/mqtt-door.ts";
import { type BrokerRig, describeDeviceBroker, EMBEDDED, RIG_SITE } from "./device-broker.contract.ts";
import { doorClient } from "./door-client.ts";

let site: TestSite;
const bundles = new Map<string, DeviceBundle>();

beforeAll(async () => {
  site = await makeSite(RIG_SITE);
  for (const name of ["door-a", "door-b"]) bundles.set(name, await site.device(name));
});

function brokerOptions(tls: boolean): AedesBrokerOptions {
  const { identity } = site;
  const siteAuthority = identity.authority.certificatePem;
  return {
    site: RIG_SITE,
    tls: tls
      ? {
          host: "127.0.0.1",
          port: 0,
          key: identity.gateway.privateKeyPem,
          cert: chainPem(identity.gateway.certificatePem, siteAuthority),
          siteAuthorities: [siteAuthority],
          root: identity.trust.root,
        }
      : null,
    plainPort: tls ? null : 0,
    limits: {
      maxPacketBytes: 131_072,
      maxConnections: 100,
      maxConnectionsPerDevice: 4,
      publishPerSecond: 100,
      publishBurst: 1_000,
      connectTimeoutMs: 5_000,
      maxWillBytes: 1_024,
    },
    timers: systemTimers,
    nowMs: Date.now,
  };
}

async function rig(tls: boolean): Promise<BrokerRig> {
  const broker = new AedesBroker(brokerOptions(tls));
  const clients: MqttClient[] = [];
  return {
    site: RIG_SITE,
    broker,
    traits: EMBEDDED,
    connect: async (device, { boot, will } = {}) => {
      const id = parseDeviceId(device);
      const bundle = tls ? bundles.get(device) : undefined;
      const port = (tls ? broker.ports.tls : broker.ports.plain) ?? 0;
      const address = { site: RIG_SITE, device: id, port, ...(bundle && { bundle }), ...(boot && { boot }) };
      const topic = will?.topic ?? topicOf(RIG_SITE, id, "state");
      const client = await connectDoor(
        address,
        will && { will: { topic, payload: Buffer.from(will.payload), qos: 1, retain: true } },
      );
      clients.push(client);
      return doorClient(client);
    },
    close: async () => {
      for (const client of clients) client.end(true);
      await broker.close();
    },
  };
}

describeDeviceBroker("aedes over TLS", () => rig(true));
describeDeviceBroker("aedes on loopback", () => rig(false));

it("lives on when kiosks vanish while much waits for them", async () => {
  const { broker, connect, close } = await rig(false);
  onTestFinished(close);
  await broker.open(quietEvents);
  const doors = [await connect("door-a"), await connect("door-b")];
  for (const [at, name] of ["door-a", "door-b"].entries())
    await doors[at]?.subscribe(topicOf(RIG_SITE, parseDeviceId(name), "receipt"));
  for (let n = 0; n < 20_000; n += 1)
    for (const name of ["door-a", "door-b"]) broker.send(parseDeviceId(name), "receipt", Buffer.from("r"));
  for (const door of doors) door.cut(); // aedes' emitter drains what waits for them; with a bound on concurrency, recursively
  const again = await connect("door-a");
  await again.publish(topicOf(RIG_SITE, parseDeviceId("door-a"), "health"), Buffer.from("{}"));
});

const quietEvents: BrokerEvents = {
  admit: () => Promise.resolve({ kind: "admitted" }),
  connected: () => {},
  closed: () => {},
  subscribed: () => {},
  published: () => Promise.resolve(),
  violated: () => {},
};
