// A picture of the lab page: people about, one kiosk without network and one without radio.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { inRoot } from "./root.mjs";

const CONFIRMED = 6;

export async function labShot(browser, path) {
  const args = [inRoot("dist/sim/main.js"), "lab", "--port", "0", "--people", "16"];
  const lab = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const page = await browser.newPage({ locale: "en-US", viewport: { width: 1280, height: 840 } });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto(await urlOf(lab));
    const panels = page.locator(".panel");
    await page.locator(".plan .wave").nth(1).waitFor({ timeout: 60_000 });
    await panels.nth(0).getByRole("switch", { name: "Network" }).click();
    await panels.nth(1).getByRole("switch", { name: "Radio" }).click();
    const enough = (least) => Number(document.querySelector(".totals dd")?.textContent) >= least;
    await page.waitForFunction(enough, CONFIRMED, { timeout: 60_000 });
    await page.locator(".totals .waits").waitFor({ timeout: 60_000 });
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path });
  } finally {
    lab.kill("SIGTERM");
  }
}

async function urlOf(lab) {
  for await (const line of createInterface(lab.stdout)) {
    const word = JSON.parse(line);
    if (word.event === "ready" && word.part === "sim") return word.url;
  }
  throw new Error("the lab ended before it was ready");
}
