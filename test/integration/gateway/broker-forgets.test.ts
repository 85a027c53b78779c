import { describe, expect, it, onTestFinished } from "vitest";
import type { DeviceBundle } from "../../../gateway/app.ts";
import type { SqliteCheckinLog } from "../../../kiosk/ledger/sqlite-checkin-log.ts";
import { MqttTransport } from "../../../kiosk/uplink/mqtt-transport.ts";
import { Uplink } from "../../../kiosk/uplink/uplink.ts";
import { importSigningKey, importVerifyKey } from "../../../protocol/cose.ts";
import { parseDeviceId } from "../../../protocol/ids.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { gatewayName } from "../../../runtime/pki/authority.ts";
import { certificatePublicKey, pemToChain, rawKeyPair } from "../../../runtime/pki/chain.ts";
import { externalWorker, missing, startExternal } from "../../support/external-brokers.ts";
import { register } from "../../support/gateway-process.ts";
import { openGatewayAt } from "../../support/gateway-rig.ts";
import { makeSite, type TestSite } from "../../support/gateway-site.ts";
import { draft, openTestLedger, testBoot } from "../../support/ledger.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { tempFolder, waitFor } from "../../support/processes.ts";
import { StubEngine } from "../../support/stub-engine.ts";

const noMosquitto = missing("mosquitto");

/** A kiosk's ledger and uplink, over real MQTT; its time for sending again is the test's to pass. */
interface Door {
  readonly log: SqliteCheckinLog;
  readonly uplink: Uplink;
  readonly timers: ManualTimers;
}

async function openDoor(site: TestSite, bundle: DeviceBundle, port: number): Promise<Door> {
  const log = await openTestLedger(tempFolder());
  const timers = new ManualTimers();
  const transport = new MqttTransport({
    url: `mqtts://127.0.0.1:${port}`,
    site: site.identity.site,
    device: parseDeviceId("door-a"),
    boot: testBoot,
    tls: {
      key: bundle.privateKeyPem,
      cert: bundle.certificatePem,
      ca: bundle.trust.root,
      serverName: gatewayName(site.identity.site),
    },
  });
  const uplink = new Uplink({
    log,
    transport,
    timers,
    signer: {
      key: await importSigningKey(rawKeyPair(bundle.privateKeyPem)),
      chain: pemToChain(bundle.certificatePem),
    },
    receiptKeys: {
      engine: await importVerifyKey(site.receiptPair.publicKey),
      gateway: await importVerifyKey(certificatePublicKey(bundle.trust.gateway)),
    },
    logger: silentLogger,
    changed: () => {},
  });
  onTestFinished(async () => {
    await uplink.close();
    await transport.close();
    await log.close();
  });
  uplink.open();
  await transport.open({
    up: () => uplink.connection(true),
    down: () => uplink.connection(false),
    message: (leaf, bytes) => void (leaf === "receipt" && uplink.receipt(bytes)),
  });
  return { log, uplink, timers };
}

describe.skipIf(noMosquitto !== "")(`a broker that forgets what it acknowledged ${noMosquitto}`, () => {
  it("costs no row: the kiosk deletes nothing for a PUBACK, and sends again", async () => {
    const site = await makeSite();
    const folder = tempFolder();
    await register(folder, ["door-a"]);
    const forgetful = (main: string): string => main.replace("persistence true", "persistence false");
    const server = await startExternal("mosquitto", site, tempFolder(), forgetful);
    onTestFinished(async () => void (await server.process.kill9()));
    const engine = await StubEngine.create(site);
    const first = await openGatewayAt(folder, { site, broker: externalWorker(site, server.port), engine });
    const { log, uplink, timers } = await openDoor(site, await site.device("door-a"), server.port);
    const scan = async (): Promise<void> => {
      await log.append([{ draft: draft(), tag: null, seal: null }]);
      uplink.wake();
    };
    for (let n = 0; n < 3; n += 1) await scan();
    await waitFor(() => log.watermark.upto === 3, { what: "the engine's receipt" });

    await first.close();
    for (let n = 0; n < 20; n += 1) await scan();
    await waitFor(() => uplink.status.acknowledgedUpto === 23, { what: "the broker's PUBACK for every row" });
    expect(uplink.status.custodyUpto).toBe(3); // so a full disk gives up no other row without naming it
    await server.process.kill9();
    await server.restart();
    await uplink.prune();
    expect([log.watermark.upto, (await log.sizes()).rows]).toEqual([3, 20]);

    await openGatewayAt(folder, { site, broker: externalWorker(site, server.port), engine });
    await waitFor(() => uplink.status.online, { timeoutMs: 20_000, what: "the kiosk to come back" });
    expect(engine.seqsOf("door-a").size).toBe(3);
    timers.advance(60_000);
    await waitFor(() => log.watermark.upto === 23, { what: "the engine's receipt for what was forgotten" });
    expect([...engine.seqsOf("door-a")].sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, at) => at + 1));
  });
});
