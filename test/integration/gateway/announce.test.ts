import { createSocket } from "node:dgram";
import { Bonjour } from "bonjour-service";
import { describe, expect, it } from "vitest";
import { announce, SERVICE_TYPE } from "../../../gateway/announce/bonjour-service.ts";
import { silentLogger } from "../../../runtime/log.ts";

/** Why multicast cannot be tried here, or "". */
const noMulticast = await new Promise<string>((resolve) => {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const end = (why: string): void => {
    socket.close();
    resolve(why);
  };
  socket.once("error", () => end("skipped: port 5353 cannot be used"));
  socket.bind(5_353, () => {
    try {
      socket.addMembership("224.0.0.251");
      end("");
    } catch {
      end("skipped: this machine has no multicast");
    }
  });
});

describe.skipIf(noMulticast !== "")(`the announcement by multicast DNS ${noMulticast}`, () => {
  it("is found with its site and ports", async () => {
    const site = `site-${process.pid}`;
    const stop = await announce({ site, httpPort: 8_081, mqttPort: 8_883 }, silentLogger);
    const looker = new Bonjour();
    const found = await new Promise<{ port: number; txt?: unknown }>((resolve) => {
      looker.find({ type: SERVICE_TYPE }, (service) => {
        if (service.name === `Bluepost ${site}`) resolve(service);
      });
    });
    expect(found).toMatchObject({ port: 8_081, txt: { site, mqtt: "8883" } });
    await stop();
    await new Promise<void>((resolve) => {
      looker.destroy(() => resolve());
    });
  });
});
