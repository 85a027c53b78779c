import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../runtime/sqlite/database.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";
import { focusContrast } from "../support/focus-ring.ts";
import { Part } from "../support/part.ts";
import { noPtys } from "../support/ptys.ts";

/** Why this suite cannot run here, or "". */
const noBrowserOrPty = [noChromium ?? "", noPtys].filter(Boolean).join("; ");

describe.skipIf(noBrowserOrPty !== "")(`the lab page in Chromium ${noBrowserOrPty}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-lab-page-"));
  const args = ["lab", "--port", "0", "--people", "8", "--data", folder];
  const lab = new Part({ script: "dist/sim/main.js", args });
  let browser: Browser;
  let page: Page;
  let market: Locator;

  beforeAll(async () => {
    lab.start();
    const { url } = await lab.whenReady();
    browser = await launchChromium();
    page = await browser.newPage({ locale: "en-US", viewport: { width: 1280, height: 840 } });
    await page.goto(String(url));
    market = page.locator(".panel", { hasText: "Chợ Dương Đông" });
    await market.waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const count = async (label: string): Promise<number> =>
    Number(await market.locator(".counts > div", { hasText: label }).locator("dd").textContent());
  const flip = (name: string): Promise<void> => market.getByRole("switch", { name }).click();

  it("shows the plan, the people and both kiosks, in two languages", async () => {
    await page.locator(".plan .person").nth(7).waitFor();
    expect(await page.locator(".plan .kiosk").count()).toBe(2);
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Tiếng Việt" }).click();
    await page.getByRole("img", { name: /Sơ đồ mặt bằng: 8 người, 2 ki-ốt/ }).waitFor();
    await page.getByRole("heading", { name: "Phòng thử Bluepost" }).waitFor();
    await page.getByRole("button", { name: "English" }).click();
  });

  it("shows where the keyboard is", async () => {
    const controls = [
      page.getByRole("button", { name: "Tiếng Việt" }),
      market.getByRole("switch", { name: "Network" }),
      market.getByRole("button", { name: "Send a visitor" }),
      market.getByRole("link", { name: "Open its screen" }),
    ];
    for (const control of controls) expect(await focusContrast(page, control)).toBeGreaterThanOrEqual(3);
  });

  it("lets a person make a check-in happen", async () => {
    const before = await count("Confirmed");
    await market.getByRole("button", { name: "Send a visitor" }).click();
    await expect.poll(() => count("Confirmed"), { timeout: 30_000 }).toBeGreaterThan(before);
    await expect.poll(() => count("Arrived"), { timeout: 15_000 }).toBeGreaterThan(before);
  });

  it("loses nothing that a screen confirmed when the network and then the power go", async () => {
    await flip("Network");
    const sent = await count("Arrived");
    await market.getByRole("button", { name: "Send a visitor" }).click();
    await expect.poll(() => count("Not sent yet"), { timeout: 30_000 }).toBeGreaterThan(0);
    await page.locator(".totals .waits").waitFor();
    await page.locator(".totals .good").waitFor();
    await flip("Power");
    await market.getByText("No power").waitFor();
    const confirmed = await count("Confirmed");
    expect(confirmed).toBeGreaterThan(sent);
    await flip("Power");
    await market.getByText("Ready").or(market.getByText("Checked")).first().waitFor({ timeout: 30_000 });
    await flip("Network");
    await expect.poll(() => count("Arrived"), { timeout: 45_000 }).toBeGreaterThanOrEqual(confirmed);
    await expect.poll(() => page.locator(".totals .waits").count(), { timeout: 30_000 }).toBe(0);
    expect(await page.locator(".totals .good").count()).toBe(1);
  });

  it("shows who got no answer while the scanner is out", async () => {
    await flip("Scanner");
    const before = await count("Got no answer");
    await market.getByRole("button", { name: "Send a visitor" }).click();
    await expect.poll(() => count("Got no answer"), { timeout: 45_000 }).toBeGreaterThan(before);
    await flip("Scanner");
  });

  it("shows that a beacon falls silent with its radio, and comes back with it while the door serves on", async () => {
    const beacon = market.locator(".counts > div", { hasText: "Beacon" }).locator("dd");
    const rings = page.locator(".plan .wave");
    await expect.poll(() => rings.count(), { timeout: 30_000 }).toBe(2);
    await flip("Radio");
    await expect.poll(() => beacon.textContent(), { timeout: 5_000 }).toBe("silent");
    expect(await rings.count()).toBe(1);
    const before = await count("Confirmed");
    await market.getByRole("button", { name: "Send a visitor" }).click();
    await expect.poll(() => count("Confirmed"), { timeout: 30_000 }).toBeGreaterThan(before);
    await flip("Radio");
    await expect.poll(() => beacon.textContent(), { timeout: 90_000 }).toBe("sends");
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("says loudly that a confirmed row is nowhere and that another is there twice", async () => {
    const database = await Database.open({ file: join(folder, "engine/engine.db") });
    const columns = (await database.all<{ name: string }>("PRAGMA table_info(event)")).map(({ name }) => name);
    const copied = columns.map((name) => ({ id: "NULL", digest: "X'00'" })[name] ?? name);
    const rowOf =
      "FROM event JOIN device ON device.id = device_id WHERE device = 'door-1' AND kind = 1 ORDER BY event.id LIMIT 2";
    const rows = await database.all<{ id: number }>(`SELECT event.id ${rowOf}`);
    await database.run(`INSERT INTO event SELECT ${copied.join(", ")} FROM event WHERE id = ?`, [rows[0]?.id ?? 0]);
    await database.run("DELETE FROM event WHERE id = ?", [rows[1]?.id ?? 0]);
    await database.close();
    await page.locator(".totals .bad", { hasText: "1 stored twice" }).waitFor({ timeout: 15_000 });
    await page.locator(".totals .bad", { hasText: "1 lost" }).waitFor({ timeout: 60_000 });
    await market.getByText("1 lost: confirmed, and nowhere now").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("says so when the lab is gone", async () => {
    await lab.stop();
    await page.getByText("The lab does not answer").waitFor();
  });
});
