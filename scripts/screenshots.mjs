// Makes docs/kiosk-screen.png from the built page: node scripts/screenshots.mjs (needs Debian's chromium and ImageMagick's montage).
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { createScreenModel } from "../dist/kiosk/screen/screen-model.js";
import { createScreenServer } from "../dist/kiosk/screen/screen-server.js";
import { systemTimers } from "../dist/runtime/timers.js";
import { inRoot } from "./lib/root.mjs";

const folder = mkdtempSync(join(tmpdir(), "bluepost-shots-"));
const model = createScreenModel(
  {
    mode: "idle",
    venue: { id: "7k3m9q2x", name: "Chợ Dương Đông", gate: 1 },
    venueQr: "https://bluepost.example/v?v=0#AACg1iHGzO7EsAJyS0awsoih09G5zg2Q1Q9grDt3azi2Zql57Sg0PhM3P1tutih63YSFHmAx",
    capacity: { inside: 45, max: 120 },
    uplink: { online: true, unsent: 0 },
    scanner: { present: true },
    clock: { nowMs: Date.UTC(2026, 10, 16, 2), synced: true },
    language: "vi",
    hotline: "1900 9095",
  },
  systemTimers,
);
const server = createScreenServer({ model, webRoot: inRoot("dist/web/kiosk"), setParty: async () => ({ ok: true }) });
const url = await server.listen({ host: "127.0.0.1", port: 0 });
const browser = await chromium.launch({
  executablePath: process.env.BLUEPOST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage({ viewport: { width: 1024, height: 640 } });
await page.goto(url);
await page.locator(".idle").waitFor();
await page.screenshot({ path: join(folder, "1.png") });
model.show({
  id: 1,
  code: "in_ok",
  offline: false,
  atMs: Date.UTC(2026, 10, 16, 2),
  holdMs: 60_000,
  masked: { id: "******123456", name: "N. V. AN", birthYear: 1990 },
  party: 0,
  partyOpen: true,
  hint: null,
});
await page.locator(".result").waitFor();
await page.screenshot({ path: join(folder, "2.png") });
await browser.close();
await server.close();
const made = spawnSync("montage", [
  join(folder, "1.png"),
  join(folder, "2.png"),
  "-tile",
  "2x1",
  "-geometry",
  "720x450+8+8",
  "-colors",
  "128",
  "-strip",
  `PNG8:${inRoot("docs/kiosk-screen.png")}`,
]);
rmSync(folder, { recursive: true, force: true });
process.exit(made.status ?? 1);
