import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatewayStatus } from "../../gateway/app.ts";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { PtyScanner } from "../../sim/devices/pty-scanner.ts";
import { ProcessSite } from "../../sim/site/process-site.ts";
import { freePort, type Part, runToEnd, startPart, waitFor } from "../support/processes.ts";
import { noPtys } from "../support/ptys.ts";
import { ScreenWatch } from "../support/screen-watch.ts";

const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";

/** A machine fresh from its box: a screen, a scanner, no papers. */
interface Machine {
  readonly home: string;
  readonly part: Part;
  readonly scanner: PtyScanner;
  readonly screen: string;
  state(): Promise<ScreenState>;
}

describe.skipIf(noPtys !== "")(`a kiosk without papers ${noPtys}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-enrol-"));
  const lines: string[] = [];
  let site: ProcessSite;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "school-1",
      doors: [],
      log: (part, line) => lines.push(`${part} ${line}`),
    });
  });
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const gateway = async (...args: readonly string[]): Promise<unknown> => {
    const at = ["--json", "--set", `dataDir=${join(folder, "gateway")}`];
    const { code, stdout, stderr } = await runToEnd({ script: "dist/gateway/main.js", args: [...args, ...at] });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };

  const claim = async (gate: number): Promise<string> => {
    const place = ["--venue", "7k3m9q2x", "--gate", String(gate), "--name", "Trường học"];
    const reach = ["--host", "127.0.0.1", "--port", new URL(site.gatewayUrl).port];
    return ((await gateway("claim", ...place, ...reach)) as { code: string }).code;
  };

  const status = async (): Promise<GatewayStatus> =>
    (await fetch(`${site.gatewayUrl}/status`)).json() as Promise<GatewayStatus>;

  const unpack = async (name: string): Promise<Machine> => {
    const home = join(folder, name);
    mkdirSync(home);
    const scanner = new PtyScanner({ link: join(home, "scanner") });
    scanner.plug();
    const port = await freePort();
    const settings = [
      `dataDir=${home}`,
      `scanner.path=${scanner.link}`,
      `screen.port=${port}`,
      `setupFile=${join(home, "bluepost-setup.txt")}`,
    ];
    const args = ["start", ...settings.flatMap((one) => ["--set", one])];
    const part = startPart({ script: "dist/kiosk/main.js", args });
    const ready = await part.whenReady();
    expect(ready["state"]).toBe("setup");
    const screen = `http://127.0.0.1:${port}`;
    const state = async (): Promise<ScreenState> => (await fetch(`${screen}/api/state`)).json() as Promise<ScreenState>;
    await waitFor(async () => (await state()).scanner.present, { timeoutMs: 20_000, what: "the scanner" });
    return { home, part, scanner, screen, state };
  };

  const online = (machine: Machine): Promise<unknown> =>
    waitFor(async () => (await machine.state()).uplink.online, { timeoutMs: 20_000, what: "the kiosk at its gateway" });

  it("becomes a door by its own scanner, with no engine in reach; the code is refused the second time; revoke ends it", async () => {
    await site.engine.stop();
    const [first, second] = [await unpack("box-1"), await unpack("box-2")];
    expect(await first.state()).toMatchObject({ mode: "provision", setup: { step: "waiting", refusal: null } });

    await first.scanner.present("091090000002||A|01011990|Nam|x|15042021");
    await waitFor(async () => (await first.state()).setup?.refusal === "not_setup", { what: "that this is no code" });
    const code = await claim(1);
    await first.scanner.present(code);
    await online(first);
    const name = (await first.state()).venue.name;
    expect([name, first.part.lines.some((line) => line.includes('"setup.done"'))]).toEqual(["Trường học", true]);
    const watch = new ScreenWatch(first.screen);
    await watch.open();
    await waitFor(() => watch.hasScanner(), { timeoutMs: 20_000, what: "the scanner of the door" });
    await first.scanner.present(CARD);
    await waitFor(() => watch.accepted.has("000001"), { timeoutMs: 20_000, what: "the first check-in" });
    await watch.close();

    await second.scanner.present(code);
    await waitFor(async () => (await second.state()).setup?.refusal === "claim_used", { what: "the refusal" });
    expect(lines.filter((line) => line.includes("claim.refused") && line.includes("claim_used"))).toHaveLength(1);
    expect(second.part.lines.some((line) => line.includes('"setup.refused"') && line.includes("claim_used"))).toBe(
      true,
    );
    expect(existsSync(join(second.home, "bundle"))).toBe(false);
    await second.scanner.present(await claim(2));
    await online(second);

    const device = String((await status()).devices.find(({ device: one }) => one.startsWith("kiosk-"))?.device);
    await gateway("revoke", device, "--reason", "stolen");
    const cutOff = async (): Promise<boolean> =>
      (await status()).devices.some((one) => one.device === device && !one.connected);
    await waitFor(cutOff, { timeoutMs: 10_000, what: "the end of its session" });
    const refused = async (): Promise<boolean> => ((await status()).counters["violation.refused_session"] ?? 0) > 0;
    await waitFor(refused, { timeoutMs: 20_000, what: "the refusal of its next connection" });
    expect((await status()).devices.filter(({ connected }) => connected)).toHaveLength(1);
    for (const { part, scanner } of [first, second]) {
      expect(await part.stop()).toEqual({ code: 0, signal: null });
      scanner.unplug();
    }
  });

  it("becomes a door by a file on the boot partition, and by a code that was typed", async () => {
    const [seeded, typed] = [await unpack("box-3"), await unpack("box-4")];
    const seed = join(seeded.home, "bluepost-setup.txt");
    writeFileSync(seed, `# setup code of the gateway\r\n${await claim(3)}\r\n`);
    await online(seeded);
    expect(existsSync(seed)).toBe(false);
    const args = ["provision", await claim(4), "--json", "--set", `dataDir=${typed.home}`];
    const provisioned = await runToEnd({ script: "dist/kiosk/main.js", args });
    expect([provisioned.code, JSON.parse(provisioned.stdout)]).toMatchObject([0, { kind: "provisioned" }]);
    await online(typed);
    const again = await runToEnd({ script: "dist/kiosk/main.js", args });
    expect([again.code, again.stderr]).toEqual([69, expect.stringContaining("KIOSK_ALREADY_PROVISIONED")]);
    for (const { part, scanner } of [seeded, typed]) {
      await part.stop();
      scanner.unplug();
    }
  });
});
