import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ECHO_BYTES,
  encodeAdvertisement,
  type OwnAdvertisement,
  parseAdvertisement,
} from "../../protocol/beacon/advertisement.ts";
import { toHex } from "../../protocol/bytes.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { packageFile } from "../../runtime/package-paths.ts";
import { HciServer } from "../../sim/air/hci-server.ts";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { adapter, Speaker, testAir } from "../support/air.ts";
import { runToEnd } from "../support/part.ts";
import { noPtys } from "../support/ptys.ts";
import { waitFor } from "../support/wait-for.ts";

/** Two untouched kiosks, each with one virtual adapter to send and one to listen, in one air. */
describe.skipIf(noPtys !== "")(`two real kiosks in the air ${noPtys}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-wire-"));
  const air = testAir();
  const adapters = new Map(["send-1", "ear-1", "send-2", "ear-2"].map((name, at) => [name, adapter(air, at)]));
  const server = new HciServer((name) => adapters.get(name) ?? null);
  const socket = join(folder, "air.sock");
  const lines: string[] = [];
  let site: ProcessSite;

  const doorOptions = (n: number) => ({
    device: `door-${n}`,
    venue: "7k3m9q2x",
    name: "Cổng trường",
    settings: ["radio.use=on", "radio.observeAdapter=1", "radio.minimumDwellSeconds=1"],
    env: {
      BLUEPOST_SIM_AIR: socket,
      BLUEPOST_SIM_HCI: `send-${n},ear-${n}`,
      NODE_OPTIONS: `--import=${packageFile("dist/sim/preload/bluetooth.js")}`,
    },
  });
  const onAir = (n: number): OwnAdvertisement | null => {
    const heard = parseAdvertisement(adapters.get(`send-${n}`)?.controller.advertiser.onAir ?? new Uint8Array());
    return heard?.kind === "kiosk" ? heard : null;
  };
  const presence = async (n: number): Promise<{ rows: number; unconfirmed: number }> => {
    const flags = ["--json", "-s", `dataDir=${join(folder, `door-${n}`)}`];
    const { stdout } = await runToEnd({ script: "dist/kiosk/main.js", args: ["status", ...flags] });
    return (JSON.parse(stdout) as { ledger: { presence: { rows: number; unconfirmed: number } } }).ledger.presence;
  };

  beforeAll(async () => {
    await server.listen(socket);
    site = await ProcessSite.open({
      folder,
      site: "school-1",
      doors: [doorOptions(1), doorOptions(2)],
      log: (part, line) => lines.push(`${part} ${line}`),
    });
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("send their beacons, and tell each other that they were heard", async () => {
    await waitFor(() => onAir(1) && onAir(2), { timeoutMs: 30_000, what: "two beacons" });
    const told = (teller: number, told: number): boolean =>
      toHex(onAir(teller)?.echo ?? new Uint8Array()) ===
      toHex(onAir(told)?.id.subarray(0, ECHO_BYTES) ?? new Uint8Array(1));
    await waitFor(() => told(1, 2) && told(2, 1), { timeoutMs: 45_000, what: "both echoes" });
  }, 90_000);

  it("write who stayed, sealed, and hand it on after a restart", async () => {
    const speaker = new Speaker(air);
    const id = nodeCrypto.randomBytes(16);
    const payload = encodeAdvertisement({ kind: "token", id, txPower: null, echo: null });
    const address = nodeCrypto.randomBytes(6);
    const door = site.doors[0] as ProcessDoor;
    const start = performance.now();
    await waitFor(() => {
      speaker.say(payload, address);
      return performance.now() - start > 3_000;
    });
    air.leave(speaker);
    await door.kiosk.stop();
    expect(await presence(1)).toEqual({ rows: 1, unconfirmed: 1 });
    await door.kiosk.start();
    const stats = async (): Promise<string> => {
      const flags = ["--json", "-s", `dataDir=${site.engineDir}`, `listen.port=${new URL(site.engineUrl).port}`];
      return (await runToEnd({ script: "dist/engine/main.js", args: ["status", ...flags] })).stdout;
    };
    await waitFor(async () => /"heard":1\b/.test(await stats()), {
      timeoutMs: 30_000,
      everyMs: 500,
      what: "the engine",
    });
    for (const secret of [id, address]) expect(lines.some((line) => line.includes(toHex(secret)))).toBe(false);
  }, 90_000);
});
