import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { DeviceBundle } from "../../gateway/registry/device-bundle.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import { connectUserName } from "../../protocol/mqtt/messages.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";

/** Where a test's kiosk connects, and as whom. */
export interface DoorAddress {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly port: number;
  /** Absent: the loopback listener without TLS. */
  readonly bundle?: DeviceBundle;
  readonly boot?: string;
}

/** Options of mqtt.js for a kiosk that behaves: no queue of its own, no reconnecting by itself. */
export function doorOptions({ site, device, port, bundle, boot = "0a0b0c0d" }: DoorAddress): IClientOptions {
  return {
    protocol: bundle ? "mqtts" : "mqtt",
    host: "127.0.0.1",
    port,
    clientId: device,
    username: connectUserName(boot),
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 15_000,
    keepalive: 30,
    queueQoSZero: false,
    ...(bundle && {
      key: bundle.privateKeyPem,
      cert: bundle.certificatePem,
      ca: bundle.trust.root,
      servername: gatewayName(site),
      rejectUnauthorized: true,
    }),
  };
}

/** Connects, or rejects with what the broker or TLS said. */
export function connectDoor(address: DoorAddress, change: IClientOptions = {}): Promise<MqttClient> {
  const client = connect({ ...doorOptions(address), ...change });
  client.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed before it was connected")));
  });
}
