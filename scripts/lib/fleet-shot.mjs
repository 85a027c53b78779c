import { once } from "node:events";
import fastifyStatic from "@fastify/static";
import Fastify from "fastify";
import { inRoot } from "./root.mjs";

const NINE_OCLOCK_MS = Date.UTC(2026, 10, 16, 2);
const DAY_MS = 86_400_000;

const WELL = {
  venue: "7k3m9q2x",
  venueName: "Chợ Dương Đông",
  state: "online",
  lastSeenMs: NINE_OCLOCK_MS - 12_000,
  silentSinceMs: NINE_OCLOCK_MS - 12_000,
  version: "0.1.0",
  clock: { state: "gateway", uncertaintyMs: 250, offsetMs: -120 },
  unsent: { rows: 0, oldestMs: 0 },
  diskFreeBytes: 11.4e9,
  wear: { writtenBytes: 320e6, usedPercent: 10 },
  scanner: true,
  beacon: { controller: "on", neighbours: "heard" },
  certificateEndsMs: NINE_OCLOCK_MS + 71 * DAY_MS,
  settings: { wanted: null, reported: null },
  lastCommand: { name: "identify", atMs: NINE_OCLOCK_MS - 30_000, outcome: "done" },
};

/** A market with three doors, one of which needs a technician. */
const VIEW = {
  site: "phu-quoc",
  nowMs: NINE_OCLOCK_MS,
  gateway: {
    version: "0.1.0",
    uptimeMs: 5 * DAY_MS,
    engineReachable: true,
    waitingBatches: 0,
    oldestWaitingMs: 0,
    diskFreeBytes: 42e9,
    certificateEndsMs: NINE_OCLOCK_MS + 80 * DAY_MS,
  },
  kiosks: [
    { ...WELL, device: "cho-cua-1", gate: 1 },
    {
      ...WELL,
      device: "cho-cua-2",
      gate: 2,
      clock: { state: "gateway", uncertaintyMs: 250, offsetMs: 7_300 },
      beacon: { controller: "on", neighbours: "unknown" },
      settings: {
        wanted: { version: 3, settings: { capacity: 120 } },
        reported: { version: 3, state: "settled", settings: { capacity: 120 } },
      },
      lastCommand: null,
    },
    {
      ...WELL,
      device: "cho-cua-3",
      gate: 3,
      state: "offline",
      lastSeenMs: NINE_OCLOCK_MS - 26 * 3_600_000,
      silentSinceMs: NINE_OCLOCK_MS - 26 * 3_600_000,
      unsent: { rows: 312, oldestMs: 26 * 3_600_000 },
      scanner: false,
      lastCommand: null,
    },
  ],
  events: [{ event: "refused.revoked", device: "cho-cua-0", isAlarm: false, n: 14, lastMs: NINE_OCLOCK_MS - 40_000 }],
};

/** Takes a picture of the built fleet page with three kiosks. @param browser one of playwright's */
export async function fleetShot(browser, path) {
  const app = Fastify();
  await app.register(fastifyStatic, { root: inRoot("dist/web/gateway") });
  app.get("/api/session", () => ({ operator: "ky-thuat-1", csrf: "" }));
  app.get("/api/events", (_, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream" });
    reply.raw.write(`event: fleet\ndata: ${JSON.stringify(VIEW)}\n\n`);
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: "vi-VN" });
  const page = await context.newPage();
  await page.clock.setFixedTime(NINE_OCLOCK_MS); // so that the same page gives the same picture
  await page.goto(url);
  await page.locator(".kiosk").last().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, fullPage: true });
  await context.close();
  const closed = once(app.server, "close");
  app.server.closeAllConnections();
  await Promise.all([app.close(), closed]);
}
