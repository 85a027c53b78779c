import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { DAY_MS } from "../../protocol/units.ts";
import { PtyScanner } from "../../sim/devices/pty-scanner.ts";
import { daysLater, noFaketime } from "../support/faketime.ts";
import {
  freePorts,
  type Part,
  type PartOptions,
  runToEnd,
  startPart,
  tempFolder,
  waitFor,
} from "../support/processes.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";

const DAYS = 182;
const card = (n: number): string => `09109000000${n}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`;

describe.skipIf(`${noPtys}${noFaketime}` !== "")(
  `a site switched on again after ${DAYS} days ${noPtys} ${noFaketime}`,
  () => {
    const start = async (options: PartOptions): Promise<Part> => {
      const part = startPart(options);
      await part.whenReady();
      return part;
    };
    const endOf = (file: string): number => Date.parse(new X509Certificate(readFileSync(file)).validTo);
    const said = (part: Part, event: string): boolean => part.lines.some((line) => line.includes(`"${event}"`));

    const must = async (script: string, args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runToEnd({ script, args });
      expect([code, stderr]).toEqual([0, ""]);
      return stdout;
    };

    it("renews gateway and kiosk though all papers ran out, and takes up where it stood", async () => {
      const [home, folder] = [tempFolder(), tempFolder()];
      const [httpPort = 0, mqttPort = 0, page = 0] = await freePorts(3);
      const screen = `http://127.0.0.1:${page}`;
      const [authority, bundle] = [["--set", `dataDir=${tempFolder()}`], join(tempFolder(), "bundle")];
      await must("dist/engine/main.js", ["keys", "init", ...authority]);
      await must("dist/engine/main.js", ["keys", "site", "--site", "school-1", "--out", bundle, ...authority]);
      const own = [
        `dataDir=${folder}`,
        "mqtt.host=127.0.0.1",
        `mqtt.port=${mqttPort}`,
        "engine.url=http://127.0.0.1:9",
        "time.trusted=true", // what the clock says here is what time it is
      ];
      const reach = ["http.host=127.0.0.1", `http.port=${httpPort}`];
      const gateway: PartOptions = {
        script: "dist/gateway/main.js",
        args: ["start", "--site-bundle", bundle, ...[...own, ...reach].flatMap((one) => ["--set", one])],
      };
      const scanner = new PtyScanner({ link: join(home, "scanner") });
      const settings = [`dataDir=${home}`, `scanner.path=${scanner.link}`, `screen.port=${page}`, "setupFile="];
      const kiosk: PartOptions = {
        script: "dist/kiosk/main.js",
        args: ["start", ...settings.flatMap((one) => ["--set", one])],
      };
      const state = async (): Promise<ScreenState> =>
        (await fetch(`${screen}/api/state`)).json() as Promise<ScreenState>;
      const online = (): Promise<unknown> =>
        waitFor(async () => (await state()).uplink.online, { timeoutMs: 60_000, what: "the kiosk at its gateway" });
      const checkIn = async (n: number): Promise<void> => {
        await waitFor(async () => (await state()).scanner.present, { timeoutMs: 20_000, what: "the scanner" });
        const watch = new ScreenWatch(screen);
        await watch.open();
        await scanner.present(card(n));
        await waitFor(() => watch.accepted.has(`00000${n}`), { timeoutMs: 20_000, what: "the check-in" });
        await watch.close();
      };
      scanner.plug();

      const [first, place] = [
        await start(gateway),
        "--venue 7k3m9q2x --gate 1 --name School --host 127.0.0.1 --json".split(" "),
      ];
      const at = ["--port", String(httpPort), "--set", `dataDir=${folder}`];
      const made = await must("dist/gateway/main.js", ["claim", ...place, ...at]);
      const { code } = JSON.parse(made) as { code: string };
      const door = await start(kiosk);
      await waitFor(async () => (await state()).scanner.present, { timeoutMs: 20_000, what: "the scanner" });
      await scanner.present(code);
      await online();
      await checkIn(1);
      expect((await door.stop()).code).toBe(0);
      expect((await first.stop()).code).toBe(0);

      const later = await start(daysLater(DAYS, gateway));
      expect(endOf(join(folder, "gateway.crt.pem"))).toBeGreaterThan(Date.now() + DAYS * DAY_MS);
      expect(endOf(join(home, "bundle/device.crt.pem"))).toBeLessThan(Date.now() + DAYS * DAY_MS);

      // half a year behind, and with no helper to set the clock: TLS refuses, verification stays on, and the door works
      const behind = await start(kiosk);
      await waitFor(() => behind.lines.some((line) => line.includes('"clock"')), {
        timeoutMs: 20_000,
        what: "the reason",
      });
      await checkIn(2);
      expect((await state()).uplink.online).toBe(false);
      expect((await behind.stop()).code).toBe(0);

      const awake = await start(daysLater(DAYS, kiosk));
      await online();
      expect([said(awake, "certificate.renewed"), said(later, "device.renewed")]).toEqual([true, true]);
      expect(endOf(join(home, "bundle/device.crt.pem"))).toBeGreaterThan(Date.now() + (DAYS + 85) * DAY_MS);
      await checkIn(3);
      await waitFor(async () => (await state()).uplink.unsent === 0, {
        timeoutMs: 30_000,
        what: "everything at the gateway",
      });
      scanner.unplug();
    });
  },
);
