import { onTestFinished } from "vitest";
import type { DeviceTime } from "../../firmware/ports/device-clock.ts";
import type { DeviceBundle } from "../../gateway/registry/device-bundle.ts";
import { memoryNote } from "../../kiosk/remote/note-store.ts";
import { RemoteControl } from "../../kiosk/remote/remote-control.ts";
import { MqttTransport } from "../../kiosk/uplink/mqtt-transport.ts";
import { parseBootId } from "../../protocol/ids.ts";
import type { Refusal, RemoteSettings } from "../../protocol/mqtt/fleet.ts";
import { silentLogger } from "../../runtime/log.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";
import type { Timers } from "../../runtime/timers.ts";

/** The remote end of one kiosk on a real connection, with its lamps and its health in the test's hand. */
export interface RemoteDoor {
  /** Settings in force, every one that was, oldest first. */
  readonly inForce: readonly RemoteSettings[];
  /** What it did, in order: `identify`, `reboot`. */
  readonly done: readonly string[];
  /** What its health looks report. */
  readonly sick: { reason: Refusal | null };
  readonly transport: MqttTransport;
  close(): Promise<void>;
}

/** Connects a kiosk that knows of nothing but being looked after; it is closed when the test ends. */
export async function openRemoteDoor(bundle: DeviceBundle, port: number, timers: Timers): Promise<RemoteDoor> {
  const { site, device } = bundle.settings;
  const boot = parseBootId("0a0b0c0d");
  const transport = new MqttTransport({
    url: `mqtts://127.0.0.1:${port}`,
    site,
    device,
    boot,
    tls: {
      key: bundle.privateKeyPem,
      cert: bundle.certificatePem,
      ca: bundle.trust.root,
      serverName: gatewayName(site),
    },
  });
  const inForce: RemoteSettings[] = [];
  const done: string[] = [];
  const sick: { reason: Refusal | null } = { reason: null };
  const remote = new RemoteControl(
    {
      settings: memoryNote(),
      commands: memoryNote(),
      local: { profile: "entrance", capacity: 0 },
      reboot: async () => void done.push("reboot"),
      bundle: async () => ({ data: Buffer.from(`bundle of ${device}`).toString("base64") }),
    },
    {
      apply: (settings) => inForce.push(settings),
      identify: () => done.push("identify"),
      watch: () => () => sick.reason,
      now: () =>
        ({ bootId: boot, boottimeMs: 1, wallMs: Date.now(), state: "gateway", uncertaintyMs: 1 }) as DeviceTime,
      transport,
      timers,
      logger: silentLogger,
    },
  );
  await remote.open();
  await transport.open({
    up: () => remote.connected(),
    down: () => undefined,
    message: (leaf, payload) => void remote.received(leaf, payload),
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await remote.close();
    await transport.close();
  };
  onTestFinished(close);
  return { inForce, done, sick, transport, close };
}
