import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { PtyScanner } from "../../sim/devices/pty-scanner.ts";
import { freePorts, type Part, runToEnd, startPart, waitFor } from "../support/processes.ts";
import { noPtys } from "../support/ptys.ts";
import { repository } from "../support/repository.ts";
import { ScreenWatch } from "../support/screen-watch.ts";

/** The commands of the guide, in its order. */
const guide = readFileSync(join(repository, "hardware/docs/commissioning.md"), "utf8");
const typed = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text.trim());
const command = (start: string): string => {
  const found = typed.find((text) => text.startsWith(start));
  if (!found) throw new Error(`the guide has no command that begins with ${start}`);
  return found;
};
const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";
const THIRD_CARD = "091090000003||Lê Văn Ba|01011992|Nam|3 Trần Phú|15042021";
const OTHER_CARD = "091090000002||Trần Thị Tí|01011991|Nữ|2 Trần Phú|15042021";

describe("the commissioning guide", () => {
  it("types only commands that this test follows", () => {
    expect(typed.map((text) => text.split(" ").slice(0, 3).join(" "))).toEqual([
      "npm run deb",
      "node scripts/prepare-sd.mjs boot",
      "sudo bluepost-gateway claim",
      "sudo bluepost-kiosk provision",
      "sudo bluepost-kiosk doctor",
      "sudo bluepost-kiosk status",
      "sudo bluepost-gateway status",
      "sudo bluepost-gateway devices",
    ]);
  });

  it("makes a card that a technician can log in to and that takes updates", () => {
    expect(command("node scripts/prepare-sd.mjs")).toMatch(/ --ssh-key \S+ /);
    expect(command("node scripts/prepare-sd.mjs")).toMatch(/ --update-key bluepost\.gpg /);
    expect(command("npm run deb")).toMatch(/ --repo \S+ --key \S+$/);
  });

  it("puts sudo before every command of an installed machine, in both languages", () => {
    const named = [
      ...guide.matchAll(/`([^`\n]*\b(?:bluepost-(?:kiosk|gateway|engine|update)|dpkg-reconfigure) [^`]*)`/g),
    ];
    const without = named.map(([, text = ""]) => text).filter((text) => !/^(?:sudo|systemctl status|ssh) /.test(text));
    expect(without).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });
});

describe.skipIf(noPtys !== "")(`the commissioning guide, step by step ${noPtys}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-guide-"));
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, BLUEPOST_CONFIG_DIR: join(folder, "etc") };
  const scanner = new PtyScanner({ link: join(folder, "scanner") });
  let gateway: Part;
  let kiosk: Part;
  let screen = "";

  /** Types a line on a terminal where the programs of the package are on the PATH. */
  const type = (line: string, more: Readonly<Record<string, string>> = {}) =>
    runToEnd({ program: "sh", args: ["-c", line], env: { ...env, ...more }, cwd: folder });
  const state = async (): Promise<ScreenState> => (await fetch(`${screen}/api/state`)).json() as Promise<ScreenState>;

  beforeAll(async () => {
    for (const name of ["bin", "etc", "boot"]) mkdirSync(join(folder, name));
    symlinkSync(join(repository, "scripts"), join(folder, "scripts"));
    writeFileSync(join(folder, "bin/sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 }); // every part is this user's here
    for (const part of ["kiosk", "gateway", "engine"]) {
      const program = join(folder, "bin", `bluepost-${part}`);
      writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${repository}/dist/${part}/main.js" "$@"\n`);
      chmodSync(program, 0o755);
    }
    const [engine = 0, http = 0, mqtt = 0, page = 0] = await freePorts(4);
    screen = `http://127.0.0.1:${page}`;
    const settings = {
      engine: `dataDir = "${folder}/engine"\n[listen]\nport = ${engine}\n`,
      gateway: `dataDir = "${folder}/gateway"\n[engine]\nurl = "http://127.0.0.1:${engine}"\n[http]\nport = ${http}\n[mqtt]\nport = ${mqtt}\n`,
      kiosk: `dataDir = "${folder}/kiosk"\n[screen]\nport = ${page}\n[scanner]\npath = "${scanner.link}"\n[door]\nminimumDwellSeconds = 6\n`,
    };
    for (const [part, text] of Object.entries(settings)) writeFileSync(join(folder, `etc/${part}.toml`), text);
    await serve("engine");
    expect((await type(`bluepost-engine keys site --site cho-1 --out ${folder}/site`)).code).toBe(0);
    await type(`bluepost-engine venues add --venue 7k3m9q2x --name "Chợ Bến Thành" --type cho`);
    gateway = await serve("gateway", "--site-bundle", join(folder, "site"));
    scanner.plug();
    kiosk = startPart({ script: "dist/kiosk/main.js", args: ["start"], env });
  });
  afterAll(async () => {
    scanner.unplug();
    rmSync(folder, { recursive: true, force: true });
  });

  async function serve(part: string, ...args: readonly string[]): Promise<Part> {
    const started = startPart({ script: `dist/${part}/main.js`, args: ["start", ...args], env });
    await started.whenReady();
    return started;
  }

  const rows = async (): Promise<{ readonly rows: number }> => {
    const { stdout } = await type(`${command("sudo bluepost-kiosk status")} --json`);
    return (JSON.parse(stdout) as { ledger: { rows: number } }).ledger;
  };

  it("part 1: writes the card", async () => {
    for (const [name, text] of Object.entries({ "config.txt": "", "cmdline.txt": "", "user-data": "#cloud-config" }))
      writeFileSync(join(folder, "boot", name), text);
    for (const name of ["bluepost_arm64.deb", "bluepost.gpg", "technician.pub"])
      writeFileSync(join(folder, name), `${name}\n`);
    const { code, stderr } = await type(command("node scripts/prepare-sd.mjs"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Next: put the card into the Pi") });
  });

  it("part 2: gives the kiosk its papers by its own scanner", async () => {
    await waitFor(async () => (await state().catch(() => null))?.mode === "provision", {
      what: "a kiosk without papers",
    });
    await waitFor(async () => (await state()).scanner.present, { what: "its scanner" });
    const claim = await type(command("sudo bluepost-gateway claim"));
    const code = /^BPS:.*$/m.exec(claim.stdout)?.[0] as string;
    expect({ code: claim.code, stderr: claim.stderr, setup: code?.slice(0, 4) }).toEqual({
      code: 0,
      stderr: "",
      setup: "BPS:",
    });
    await scanner.present(code);
    const named = async () => (await state().catch(() => null))?.venue.name === "Chợ Bến Thành";
    await waitFor(named, { timeoutMs: 20_000, what: "the venue's name on the screen" });
    const tested = async () => (await state()).selfTest?.lines.map(({ code }) => code) ?? [];
    const lines = await waitFor(async () => ((await tested()).length === 7 ? tested() : null), { timeoutMs: 20_000 });
    expect(lines).toEqual([
      "scanner_ready",
      "light_none",
      "sound_listen",
      "beacon_none",
      expect.stringMatching(/^disk_(ok|slow|full)$/), // as the machine is that runs this test
      "clock_ok",
      "gateway_ok",
    ]);
    const doctor = await type(command("sudo bluepost-kiosk doctor"));
    expect(doctor.stdout.split("\n").filter((line) => !line.startsWith("ok "))).toEqual([]);
    expect(doctor.code).toBe(0);
  });

  it("part 2: or by the code, typed", async () => {
    const claim = await type(command("sudo bluepost-gateway claim").replace("door-1", "door-2"));
    const CODE = /^BPS:.*$/m.exec(claim.stdout)?.[0] as string;
    const second = { CODE, BLUEPOST_KIOSK_DATA_DIR: join(folder, "second") };
    const { code, stdout } = await type(command("sudo bluepost-kiosk provision"), second);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("door-2") });
  });

  it("part 3: serves the door, also without the network and over a power cut", async () => {
    const watch = new ScreenWatch(screen);
    await watch.open();
    const show = async (card: string): Promise<void> => {
      const answered = watch.next("result");
      await scanner.present(card);
      await answered;
    };
    await waitFor(async () => (await state()).uplink.online, { what: "the gateway" });
    const open = { method: "POST", headers: { "content-type": "application/json" }, body: '{"open":true}' };
    expect((await fetch(`${screen}/api/self-test`, open)).status).toBe(200);
    expect((await state()).selfTest).toMatchObject({ run: expect.any(Number) });
    await show(CARD);
    expect(watch.results.at(-1)).toMatchObject({ code: "in_ok", offline: false });
    expect((await state()).selfTest).toBeNull(); // the door is the visitor's again
    await gateway.kill9();
    await waitFor(async () => !(await state()).uplink.online, { what: "the pulled cable" });
    await show(OTHER_CARD);
    expect(watch.results.at(-1)).toMatchObject({ code: "in_ok", offline: true });
    gateway = await serve("gateway");
    await waitFor(async () => (await state()).uplink.unsent === 0, { timeoutMs: 60_000, what: "the unsent rows" });
    const { stdout } = await type(command("sudo bluepost-gateway devices list"));
    expect(stdout).toMatch(/door-1\s.*7k3m9q2x/);

    const before = await rows();
    await kiosk.kill9();
    kiosk = await serve("kiosk");
    expect((await rows()).rows).toBeGreaterThanOrEqual(before.rows);
    await watch.reopen();
    await waitFor(async () => (await state()).uplink.online && (await state()).scanner.present, { what: "the kiosk" });
    await show(THIRD_CARD);
    await watch.close();
    expect((await rows()).rows).toBeGreaterThan(before.rows);
    const allDelivered = async () =>
      / 0 of 0 batches wait/.test((await type(command("sudo bluepost-gateway status"))).stdout);
    await waitFor(allDelivered, { timeoutMs: 60_000, everyMs: 500, what: "the engine to have every row" });
    expect(before.rows).toBeGreaterThanOrEqual(2);
  });
});
