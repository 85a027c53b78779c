import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { DeviceHealth } from "../../protocol/mqtt/messages.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";
import { openPageRig, PASSWORD, type PageRig, totpOf } from "../support/fleet-page.ts";
import { focusContrast } from "../support/focus-ring.ts";
import { type GatewayRig, makeSite, openGatewayRig } from "../support/gateway-rig.ts";
import type { TestSite } from "../support/gateway-site.ts";
import { buildPage } from "../support/kiosk-page.ts";
import { ManualTimers } from "../support/manual-timers.ts";
import { openRemoteDoor, type RemoteDoor } from "../support/remote-door.ts";
import { StubEngine } from "../support/stub-engine.ts";
import { waitFor } from "../support/wait-for.ts";

const PHONE = { width: 390, height: 844 };

/** What a kiosk with all well says of itself, seven seconds ahead of the gateway. */
const HEALTH: DeviceHealth = {
  version: "0.1.0",
  uptimeMs: 86_400_000,
  clock: { state: "gateway", uncertaintyMs: 250 },
  ledger: { rows: 900, unsent: 12, oldestUnsentMs: 3 * 86_400_000 },
  diskFreeBytes: 11_400_000_000,
  scanner: true,
  closedByStaff: true,
  certificateEndsMs: Date.now() + 71.5 * 86_400_000,
  wear: { writtenBytes: 320_000_000, usedPercent: 10 },
  otherDoors: { key: false, heard: 0 },
  beacon: { controller: "on", neighbours: "unknown" },
  counters: {},
};

describe.skipIf(noChromium !== null)(`the fleet page in Chromium ${noChromium ?? ""}`, () => {
  const webRoot = mkdtempSync(join(tmpdir(), "bluepost-fleet-page-"));
  let site: TestSite;
  let browser: Browser;

  beforeAll(async () => {
    await buildPage(webRoot, "gateway");
    site = await makeSite("phu-quoc");
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(webRoot, { recursive: true, force: true });
  });

  interface Scene {
    readonly rig: GatewayRig;
    readonly served: PageRig;
    readonly page: Page;
    readonly complaints: readonly string[];
    readonly secret: string;
  }

  /** A gateway, its page on a telephone, and an operator who has just been made. */
  async function open(locale = "vi-VN"): Promise<Scene> {
    const rig = await openGatewayRig({ site, engine: await StubEngine.create(site) });
    const served = await openPageRig(rig, webRoot);
    const context = await browser.newContext({ viewport: PHONE, locale });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (fault) => complaints.push(fault.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !/ERR_|status of (401|409)/.test(line.text())) complaints.push(line.text());
    });
    await page.goto(served.url);
    await page.locator('input[name="code"]').fill(await served.operators.newCode());
    await page.locator('input[name="name"]').fill("ky-thuat-1");
    await page.locator('input[name="password"]').fill(PASSWORD);
    await page.locator("form button.primary").click();
    const secret = (await page.locator("code").textContent()) ?? "";
    expect(await seriousFindings(page)).toEqual([]);
    await page.locator('input[name="totp"]').fill(totpOf(secret, Date.now()));
    await page.locator("form button.primary").click();
    await page.locator("#kiosks").waitFor();
    return { rig, served, page, complaints, secret };
  }

  async function addDoor({ rig }: Scene, name: string, timers = new ManualTimers()): Promise<RemoteDoor> {
    const bundle = await rig.add(name);
    const door = await openRemoteDoor(bundle, rig.tlsPort, timers);
    await waitFor(async () => (await rig.gateway.fleet.store.allReported()).has(bundle.settings.device));
    const health = JSON.stringify({ ...HEALTH, atMs: Date.now() + 7_000 });
    await door.transport.publish("health", Buffer.from(health), { qos: 1 });
    return door;
  }

  it("says what to do while there is no kiosk, then shows one as it comes, and lets it show itself", async () => {
    const scene = await open();
    const { page, complaints } = scene;
    await page.getByText("Chưa có máy nào.", { exact: true }).waitFor();
    await page.getByText("Không có gì. Mọi thứ đều tốt.", { exact: true }).waitFor();
    const door = await addDoor(scene, "door-a");
    const card = page.getByRole("article", { name: "door-a" });
    await card.getByText("Đang kết nối", { exact: true }).waitFor();
    await card.getByText("lệch 7.0 giây", { exact: false }).waitFor();
    await card.getByText("12 lượt, cũ nhất 3 ngày").waitFor();
    await card.getByText("đang phát, chưa máy nào nghe thấy").waitFor();
    await card.getByText("nhân viên đã cho ngừng hoạt động").waitFor();
    await card.getByText("địa điểm chỉ có cửa này").waitFor();
    await card.getByText("còn 71 ngày").waitFor();
    await card.getByRole("button", { name: "Nháy đèn" }).click();
    await card.getByText("Nháy đèn: Máy đang nháy đèn.").waitFor();
    expect(door.done).toEqual(["identify"]);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    expect(complaints).toEqual([]);
  });

  it("sets, restarts and revokes a kiosk, each dangerous thing after a second look", async () => {
    const scene = await open("en-GB");
    const { page, rig, complaints } = scene;
    const door = await addDoor(scene, "door-a");
    const card = page.getByRole("article", { name: "door-a" });
    await card.getByRole("button", { name: "Settings" }).click();
    await card.getByLabel("Most people inside").fill("120");
    expect(await seriousFindings(page)).toEqual([]);
    await card.getByRole("button", { name: "Send to the kiosk" }).click();
    await card.getByText("on trial: kept in two minutes").waitFor();
    expect(door.inForce.at(-1)).toEqual({ profile: "entrance", capacity: 120 });
    await card.getByRole("button", { name: "Restart" }).click();
    await card.getByText("Nothing that is stored is lost").waitFor();
    await card.getByRole("button", { name: "Cancel" }).click();
    expect(door.done).toEqual([]);
    await card.getByRole("button", { name: "Restart" }).click();
    await card.getByRole("button", { name: "Yes, do it" }).click();
    await waitFor(() => door.done.includes("reboot"));
    await card.getByRole("button", { name: "Support bundle" }).click();
    await card.getByRole("link", { name: "Download the bundle" }).waitFor();
    await card.getByRole("button", { name: "Revoke" }).click();
    await card.getByLabel("Why").selectOption({ label: "replaced by another" });
    expect(await seriousFindings(page)).toEqual([]);
    await card.getByRole("button", { name: "Yes, do it" }).click();
    await card.getByText("Revoked", { exact: true }).waitFor();
    await page.getByText("A revoked kiosk was cut off", { exact: false }).waitFor();
    await page.getByText("Who did what").click();
    await page.getByText("ky-thuat-1: revoke door-a replaced", { exact: false }).waitFor();
    expect((await rig.registry.list())[0]?.revokedAt).not.toBeNull();
    expect(await seriousFindings(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it("shows what is in force after a kiosk went back from its settings, and sends the same ones again", async () => {
    const scene = await open("en-GB");
    const { page } = scene;
    const timers = new ManualTimers();
    const door = await addDoor(scene, "door-a", timers);
    const card = page.getByRole("article", { name: "door-a" });
    const send = async (): Promise<void> => {
      await card.getByRole("button", { name: "Settings" }).click();
      await card.getByLabel("Most people inside").fill("120");
      await card.getByRole("button", { name: "Send to the kiosk" }).click();
      await card.getByText("on trial: kept in two minutes").waitFor();
    };
    await send();
    door.sick.reason = "scanner";
    timers.advance(5_000);
    await card.getByText("the scanner was lost under them").waitFor();
    await card.getByRole("button", { name: "Settings" }).click();
    expect(await card.getByLabel("Most people inside").inputValue()).toBe("0");
    await card.getByRole("button", { name: "Settings" }).click();
    door.sick.reason = null;
    await send();
    expect(door.inForce.at(-1)).toEqual({ profile: "entrance", capacity: 120 });
  });

  it("says that the gateway cannot be heard, offers nothing meanwhile, and asks for a new login when it is back", async () => {
    const scene = await open();
    const { page, served } = scene;
    await addDoor(scene, "door-a");
    const identify = page.getByRole("button", { name: "Nháy đèn" });
    await identify.waitFor();
    await served.close();
    await page.getByText("Mất kết nối với máy trung gian", { exact: false }).waitFor();
    expect(await identify.isDisabled()).toBe(true);
    expect(await page.getByRole("article", { name: "door-a" }).count()).toBe(1);
    expect(await seriousFindings(page)).toEqual([]);
    await openPageRig(scene.rig, webRoot, { port: Number(new URL(served.url).port) });
    await page.getByRole("heading", { name: "Đăng nhập" }).waitFor(); // sessions end with the gateway
  });

  it("shows where the keyboard is, on the bar and below it", async () => {
    const scene = await open("en-GB");
    const { page } = scene;
    await addDoor(scene, "door-a");
    const card = page.getByRole("article", { name: "door-a" });
    await card.getByRole("button", { name: "Settings" }).click();
    const controls = [
      page.getByRole("button", { name: "Log out" }),
      page.getByRole("button", { name: "New kiosk" }),
      card.getByRole("button", { name: "Show itself" }),
      card.getByRole("button", { name: "Send to the kiosk" }),
      card.getByLabel("Most people inside"),
      card.getByLabel("Language of the screen"),
      page.getByText("Who did what"),
    ];
    for (const control of controls) expect(await focusContrast(page, control)).toBeGreaterThanOrEqual(3);
  });

  it("shows a setup code as a picture, and nobody anything after logging out", async () => {
    const { page, complaints, secret } = await open("en-GB");
    await page.getByRole("button", { name: "New kiosk" }).click();
    await page.getByLabel("Venue id").fill("7k3m9q2x");
    await page.getByLabel("Name of the venue").fill("Chợ Dương Đông");
    await page.getByLabel("Number of the door").fill("2");
    await page.getByRole("button", { name: "Make the code" }).click();
    await page.getByRole("img", { name: "Setup code" }).waitFor();
    await page.getByText("It works once, for", { exact: false }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    expect(await page.locator("#kiosks").count()).toBe(0);
    await page.getByLabel("Name").fill("ky-thuat-1");
    await page.getByLabel("Password").fill("something else");
    await page.getByLabel("Code of the authenticator app").fill(totpOf(secret, Date.now(), 1));
    await page.locator("form button.primary").click();
    await page.getByText("Name, password or code is wrong.").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.locator("form button.primary").click();
    await page.locator("#kiosks").waitFor();
    await page.getByRole("button", { name: "Tiếng Việt" }).click();
    await page.getByText("Các máy tại cửa", { exact: true }).waitFor();
    await page.locator('html[lang="vi"]').waitFor({ state: "attached" });
    expect(complaints).toEqual([]);
  });
});
