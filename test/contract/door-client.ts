import type { Socket } from "node:net";
import type { MqttClient } from "mqtt";
import type { DoorClient } from "./device-broker.contract.ts";

/** An mqtt.js client as the contract wants one. */
export function doorClient(client: MqttClient): DoorClient {
  const received: { topic: string; payload: Uint8Array; retain: boolean }[] = [];
  client.on("message", (topic, payload, packet) => received.push({ topic, payload, retain: packet.retain }));
  return {
    received,
    get connected() {
      return client.connected;
    },
    subscribe: async (...filters) => {
      const granted = await new Promise<readonly { topic: string; qos: number }[]>((resolve) => {
        client.subscribe([...filters], { qos: 1 }, (_fault, grants, packet) => {
          const codes = (packet?.granted ?? []) as number[];
          resolve((grants ?? []).map(({ topic }, at) => ({ topic, qos: codes[at] ?? 128 })));
        });
      });
      return granted.filter(({ qos }) => qos < 128).map(({ topic }) => topic);
    },
    publish: (topic, payload, { qos = 1, retain = false } = {}) =>
      new Promise((resolve, reject) => {
        const lost = (): void => reject(new Error("the connection ended first"));
        client.once("close", lost);
        client.publish(topic, Buffer.from(payload), { qos, retain }, (fault) => {
          client.off("close", lost);
          if (fault) reject(fault);
          else resolve();
        });
      }),
    end: async () => void (await client.endAsync()),
    cut: () => void (client.stream as Socket).destroy(),
    freeze: () => void (client.stream as Socket).pause(),
  };
}
