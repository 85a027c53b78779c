import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { connected, gatewayArgs, register } from "../support/gateway-process.ts";
import { doorOf, makeSite } from "../support/gateway-rig.ts";
import { kioskMaterials } from "../support/kiosk-process.ts";
import { publishPacket } from "../support/mqtt-wire.ts";
import { killAllParts, Part } from "../support/part.ts";
import { buildShim, failingFlushEnv, NO_SHIM } from "../support/powercut/powercut.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const NO_RUN = [(await buildShim()) === null ? NO_SHIM : "", noPtys].filter(Boolean).join("; ");

describe.skipIf(NO_RUN !== "")(`a card that failed to flush once ${NO_RUN}`, () => {
  const home = mkdtempSync(join(tmpdir(), "bluepost-flush-"));

  afterEach(() => {
    killAllParts();
    rmSync(home, { recursive: true, force: true });
  });

  it("keeps the kiosk from its sign of life, and the door serves again after the restart", async () => {
    const live = join(home, "live");
    mkdirSync(live);
    const wish = join(home, "fails");
    const materials = await kioskMaterials(await makeSite(), { home, dataDir: live });
    const env = { ...(await failingFlushEnv(wish)), ...watchedBy(home) };
    const kiosk = new Part({ script: "dist/kiosk/main.js", args: materials.args, env });
    kiosk.start();
    await kiosk.whenReady();
    const screen = new ScreenWatch(materials.screen);
    await screen.open();
    let visitors = 0;
    const visit = async (): Promise<string> => {
      visitors += 1;
      const seen = screen.count;
      const number = `091090${String(visitors).padStart(6, "0")}`;
      await materials.scanner.present(`${number}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`);
      await waitFor(() => screen.count > seen, { what: "an answer" });
      return screen.results.at(-1)?.code ?? "";
    };
    await waitFor(() => screen.hasScanner().catch(() => false), { what: "the scanner" });
    expect(await visit()).toBe("in_ok");
    const silence = "no sign of life: the ledger does not answer";
    const isSilent = (): boolean => kiosk.errorLines.some((line) => line.includes(silence));
    expect(isSilent()).toBe(false);

    writeFileSync(wish, "");
    expect(await visit()).toBe("fault");
    rmSync(wish);
    expect(await visit()).toBe("fault"); // one failed flush ends the promise until the file is opened anew
    await waitFor(isSilent, { what: "the watchdog to be told" });

    await kiosk.kill9(); // as the service manager does
    kiosk.start();
    await kiosk.whenReady();
    await screen.reopen();
    await waitFor(() => screen.hasScanner().catch(() => false), { what: "the scanner" });
    expect(await visit()).toBe("in_ok");
    await screen.close();
    await kiosk.stop();
    materials.scanner.unplug();
  });

  it("keeps the gateway from its sign of life, and every batch gets its acknowledgement after the restart", async () => {
    const folder = join(home, "gateway");
    mkdirSync(folder, { recursive: true });
    const wish = join(home, "fails");
    const site = await makeSite();
    await register(folder, ["door-a"]);
    const door = await doorOf(site, "door-a");
    const { args, port } = await gatewayArgs(site, folder);
    const env = { ...(await failingFlushEnv(wish)), ...watchedBy(home) };
    const gateway = new Part({ script: "dist/gateway/main.js", args, env });
    gateway.start();
    await gateway.whenReady();
    writeFileSync(wish, "");
    const topic = Buffer.from("bluepost/v1/school-1/door-a/checkins");
    const { bytes } = await door.batch([{ kind: "anchor" }]);
    const refused = await connected(port, "door-a");
    refused.write(publishPacket(topic, 1, bytes));
    await waitFor(() => refused.closed, { what: "the connection to end without an acknowledgement" });
    expect(refused.acked).toEqual([]);
    rmSync(wish);
    await waitFor(
      () => gateway.errorLines.some((line) => line.includes("no sign of life: the store does not answer")),
      {
        what: "the watchdog to be told",
      },
    );

    await gateway.kill9();
    gateway.start();
    await gateway.whenReady();
    const client = await connected(port, "door-a");
    client.write(publishPacket(topic, 1, bytes));
    await waitFor(() => client.acked.length === 1, { what: "the acknowledgement" });
    client.destroy();
    await gateway.stop();
  });
});

/** A service manager that is not there, and wants a sign of life each second and a half. */
function watchedBy(home: string): Readonly<Record<string, string>> {
  return { NOTIFY_SOCKET: join(home, "no-manager"), WATCHDOG_USEC: "1500000" };
}
