// Makes the pictures of the docs from the built pages, with Debian's Chromium or the one that BLUEPOST_CHROMIUM names:
//   node scripts/build.mjs && node scripts/screenshots.mjs
import { chromium } from "playwright-core";
import { createScreenModel } from "../dist/kiosk/screen/screen-model.js";
import { createScreenServer } from "../dist/kiosk/screen/screen-server.js";
import { systemTimers } from "../dist/runtime/timers.js";
import { fleetShot } from "./lib/fleet-shot.mjs";
import { labShot } from "./lib/lab-shot.mjs";
import { inRoot } from "./lib/root.mjs";

const NINE_OCLOCK_MS = Date.UTC(2026, 10, 16, 2);
const VIEW = { width: 1024, height: 640 };
const model = createScreenModel(
  {
    mode: "idle",
    venue: { id: "7k3m9q2x", name: "Chợ Dương Đông", gate: 1 },
    venueQr: "https://bluepost.example/v?v=0#AACg1iHGzO7EsAJyS0awsoih09G5zg2Q1Q9grDt3azi2Zql57Sg0PhM3P1tutih63YSFHmAx",
    capacity: { inside: 45, max: 120 },
    uplink: { online: true, unsent: 0 },
    scanner: { present: true },
    clock: { nowMs: NINE_OCLOCK_MS, synced: true },
    language: "vi",
    hotline: "1900 9095",
  },
  systemTimers,
);
const server = createScreenServer({ model, webRoot: inRoot("dist/web/kiosk"), setParty: async () => ({ ok: true }) });
const browser = await chromium.launch({
  executablePath: process.env.BLUEPOST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

async function shots(url) {
  const page = await browser.newPage({ viewport: VIEW });
  await page.emulateMedia({ reducedMotion: "reduce" }); // so that the same page gives the same picture
  await page.goto(url);
  await page.locator(".idle").waitFor();
  await page.evaluate(() => document.fonts.ready);
  const idle = await page.screenshot();
  model.show({
    id: 1,
    code: "in_ok",
    offline: false,
    atMs: NINE_OCLOCK_MS,
    timeKnown: true,
    holdMs: 60_000,
    masked: { id: "******123456", name: "N. V. AN", birthYear: 1990 },
    party: 0,
    partyOpen: true,
    partyMs: 60_000,
    hint: null,
  });
  await page.locator(".result").waitFor();
  return [idle, await page.screenshot()];
}

/** The self-test of a kiosk whose Bluetooth adapter is out. */
async function selfTestShot(url) {
  const page = await browser.newPage({ viewport: VIEW });
  const lines = [
    ["scanner", "scanner_read", {}],
    ["light", "light_look", {}],
    ["sound", "sound_listen", {}],
    ["beacon", "beacon_off", {}],
    ["disk", "disk_ok", { ms: 6, freeMb: 24_310 }],
    ["clock", "clock_ok", { offMs: 3 }],
    ["gateway", "gateway_ok", { ms: 12 }],
  ].map(([check, code, values]) => ({ check, code, values }));
  model.show({ ...model.state().result, holdMs: 0 });
  model.update({ selfTest: { run: 1, lines }, language: "en" });
  await page.goto(url);
  await page.locator(".self-test").waitFor();
  await page.locator(".result").waitFor({ state: "detached" });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: inRoot("hardware/docs/self-test.png") });
}

/** Puts the pictures next to each other, each in a dark frame. */
async function sideBySide(pictures) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 520 } });
  const images = pictures.map((png) => `<img src="data:image/png;base64,${png.toString("base64")}">`);
  await page.setContent(`<style>
    body { margin: 0; display: flex; justify-content: space-evenly; align-items: center; height: 100vh; background: #fff }
    img { width: 752px; border: 12px solid #16202c; border-radius: 18px; box-sizing: border-box }
  </style>${images.join("")}`);
  await page.locator("img").last().waitFor();
  await page.screenshot({ path: inRoot("docs/kiosk-screen.png") });
}

try {
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  await sideBySide(await shots(url));
  await selfTestShot(url);
  await fleetShot(browser, inRoot("docs/fleet-page.png"));
  await labShot(browser, inRoot("docs/lab-page.png"));
} finally {
  await browser.close();
  await server.close();
}
