import type { MqttClient } from "mqtt";
import { beforeAll, describe } from "vitest";
import type { BrokerKind } from "../../gateway/broker/external/access-rules.ts";
import type { DeviceBundle } from "../../gateway/registry/device-bundle.ts";
import { parseDeviceId } from "../../protocol/ids.ts";
import { topicOf } from "../../protocol/mqtt/topics.ts";
import { externalWorker, missing, startExternal } from "../support/external-brokers.ts";
import { makeSite, type TestSite } from "../support/gateway-site.ts";
import { connectDoor } from "../support/mqtt-door.ts";
import { killAllParts } from "../support/part.ts";
import { tempFolder } from "../support/temp.ts";
import { type BrokerRig, type BrokerTraits, describeDeviceBroker, RIG_SITE } from "./device-broker.contract.ts";
import { doorClient } from "./door-client.ts";

let site: TestSite;
const bundles = new Map<string, DeviceBundle>();
process.once("exit", killAllParts);

beforeAll(async () => {
  site = await makeSite(RIG_SITE);
  for (const name of ["door-a", "door-b"]) bundles.set(name, await site.device(name));
});

const MOSQUITTO: BrokerTraits = {
  refusal: "unheard",
  puback: "when_taken",
  trespass: "unheard",
  prying: "nothing_comes",
  qos2: "lowered",
  foreignWill: "unheard",
  kick: "forgets",
  signOfLife: false,
};

/** NATS 2.9 has no QoS 2, and says in SUBACK what may not be subscribed to. */
const NATS: BrokerTraits = { ...MOSQUITTO, prying: "refused", qos2: "disconnected" };

async function rig(kind: BrokerKind, traits: BrokerTraits): Promise<BrokerRig> {
  const server = await startExternal(kind, site, tempFolder());
  const broker = externalWorker(site, server.port, { isBy: () => Promise.resolve(true) });
  const clients: MqttClient[] = [];
  return {
    site: RIG_SITE,
    broker,
    traits,
    connect: async (device, { boot = "0a0b0c0d", will } = {}) => {
      const id = parseDeviceId(device);
      const bundle = bundles.get(device);
      const topic = will?.topic ?? topicOf(RIG_SITE, id, "state");
      const payload = Buffer.from(will?.payload ?? '{"status":"offline"}');
      const client = await connectDoor(
        { site: RIG_SITE, device: id, port: server.port, boot, ...(bundle && { bundle }) },
        { will: { topic, payload, qos: 1, retain: true } },
      );
      clients.push(client);
      const online = JSON.stringify({ status: "online", boot });
      await client.publishAsync(topicOf(RIG_SITE, id, "state"), online, { qos: 1, retain: true }); // as a kiosk does
      return doorClient(client);
    },
    close: async () => {
      for (const client of clients) client.end(true);
      await broker.close();
      await server.process.kill9();
    },
  };
}

for (const [kind, traits] of [
  ["mosquitto", MOSQUITTO],
  ["nats", NATS],
] as const) {
  const noBroker = missing(kind);
  describe.skipIf(noBroker !== "")(`an external broker ${noBroker}`, () =>
    describeDeviceBroker(`${kind} with the rules of broker-config`, () => rig(kind, traits)),
  );
}
