import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { findLeaks } from "../support/canary.ts";
import { PageClient } from "../support/fleet-page.ts";
import { runToEnd } from "../support/part.ts";
import { noPtys } from "../support/ptys.ts";
import { waitFor } from "../support/wait-for.ts";

const AN = "001090123456||Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021";

describe.skipIf(noPtys !== "")(`a fleet of real processes ${noPtys}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-fleet-"));
  const lines: string[] = [];
  let site: ProcessSite;
  let door: ProcessDoor;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "phu-quoc",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Chợ Dương Đông" }],
      log: (part, line) => {
        if (part === "gateway") lines.push(line);
      },
    });
    door = site.doors[0] as ProcessDoor;
    await waitFor(async () => (await screen()).uplink.online, { timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const screen = async (): Promise<ScreenState> =>
    (await fetch(`${door.screen}/api/state`)).json() as Promise<ScreenState>;
  const gateway = (...args: string[]): ReturnType<typeof runToEnd> =>
    runToEnd({
      script: "dist/gateway/main.js",
      args: [
        ...args,
        "--json",
        "-s",
        `dataDir=${join(folder, "gateway")}`,
        `http.port=${new URL(site.gatewayUrl).port}`,
      ],
    });
  const kiosk = (...args: string[]): ReturnType<typeof runToEnd> =>
    runToEnd({ script: "dist/kiosk/main.js", args: [...args, "--json", "-s", `dataDir=${join(folder, "door-1")}`] });

  it("finds the right box by one command", async () => {
    const done = await gateway("identify", "door-1");
    expect([done.code, JSON.parse(done.stdout).outcome]).toEqual([0, "done"]);
    expect((await screen()).identify).toBe(true);
    expect((await gateway("identify", "door-9")).stderr).toContain("GW_UNKNOWN_DEVICE");
  });

  it("sets a door from afar, and the ledger does not notice", async () => {
    await door.scanner.present(AN);
    const before = JSON.parse((await kiosk("status")).stdout).ledger;
    const done = await gateway("settings", "door-1", "--setting", "capacity=7", "language=en");
    expect([done.code, JSON.parse(done.stdout).reported]).toEqual([
      0,
      expect.objectContaining({ state: "trial", trialVersion: 1, settings: expect.objectContaining({ capacity: 7 }) }),
    ]);
    await waitFor(async () => (await screen()).capacity.max === 7);
    expect((await screen()).language).toBe("en");
    const after = JSON.parse((await kiosk("status")).stdout).ledger;
    expect(after.epoch).toBe(before.epoch);
    expect(after.lastSeq).toBeGreaterThanOrEqual(before.lastSeq);
    const wrong = await gateway("settings", "door-1", "--setting", "capacity=-1");
    expect([wrong.code === 0, wrong.stderr]).toEqual([false, expect.stringContaining("GW_SETTING")]);
  });

  it("writes support bundles here and from afar with nothing of the visitor in them", async () => {
    const [near, far] = [join(folder, "near.gz"), join(folder, "far.gz")];
    expect((await kiosk("bundle", "--out", near)).code).toBe(0);
    expect((await gateway("bundle", "door-1", "--out", far)).code).toBe(0);
    const texts = [near, far].map((file) => gunzipSync(readFileSync(file)));
    const leaks = findLeaks(
      texts.map((bytes, at) => [`bundle ${at}`, bytes] as const),
      ["001090123456", "Nguyễn Văn An", "12 Trần Phú"],
    );
    expect(leaks).toEqual([]);
    const facts = JSON.parse(String(texts[1]));
    expect(facts).toMatchObject({ place: { device: "door-1" }, settings: { trial: { desired: { version: 1 } } } });
    expect(facts.log.some((line: { event?: string }) => line.event === "command.begun")).toBe(true);
  });

  it("carries check-ins past a dead gateway by stick, once", async () => {
    const stick = join(folder, "stick");
    await waitFor(async () => JSON.parse((await kiosk("status")).stdout).ledger.rows > 0);
    const out = await kiosk("outbox", "export", "--out", stick);
    expect(out.code).toBe(0);
    const taken = await gateway("import", stick);
    expect(taken.code).toBe(0);
    for (const { counts } of JSON.parse(taken.stdout).files) expect(Object.keys(counts)).toEqual(["duplicate"]);
  });

  it("shows on its console where the page is and a code, and takes a login over HTTPS only from elsewhere", async () => {
    const code = lines.map((line) => /Code for the first operator.*: (\S+)$/.exec(line)?.[1]).find(Boolean) ?? "";
    const shown = lines.map((line) => /SHA-256: (\S+)$/.exec(line)?.[1]).find(Boolean);
    const port = Number(new URL(site.gatewayUrl).port);
    const served = await new Promise<string>((resolve, reject) => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.end();
      });
      socket.on("error", reject);
    });
    expect(served).toBe(shown);
    const client = new PageClient(site.gatewayUrl);
    await client.firstLogin(code, Date.now());
    expect((await (await client.ask("/api/fleet")).json()) as unknown).toMatchObject({
      kiosks: [{ device: "door-1", state: "online", lastCommand: { name: "bundle", outcome: "done" } }],
    });
    const page = await new Promise<string>((resolve, reject) => {
      const asked = secureRequest({ port, host: "127.0.0.1", rejectUnauthorized: false, path: "/" }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () => resolve(text));
      });
      asked.on("error", reject);
      asked.end();
    });
    expect(page).toContain("<title>Bluepost</title>");
    expect(lines.join("\n")).not.toContain("001090123456");
  });

  it("answers Prometheus and probes on this machine", async () => {
    const metrics = await (await fetch(`${site.gatewayUrl}/metrics`)).text();
    expect(metrics).toContain('bluepost_gateway_kiosk_connected{device="door-1"} 1');
    expect((await fetch(`${site.gatewayUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${site.gatewayUrl}/readyz`)).status).toBe(200);
  });
});
