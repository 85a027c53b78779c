import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createScreenModel, type ScreenModel } from "../../kiosk/screen/screen-model.ts";
import { createScreenServer, type ScreenServer } from "../../kiosk/screen/screen-server.ts";
import { SelfTest } from "../../kiosk/self-test/self-test.ts";
import { parseBootId } from "../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { MemoryIndicator } from "../../sim/devices/memory-indicator.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";
import { buildPage, IDLE_STATE, KioskPage, NINE_OCLOCK_MS, screenResult } from "../support/kiosk-page.ts";

const TIME = {
  bootId: parseBootId("01020304"),
  boottimeMs: 60_000 as BoottimeMs,
  wallMs: NINE_OCLOCK_MS as WallMs,
  state: "rtc",
  uncertaintyMs: 40,
} as const;

const SIZES = [
  { width: 800, height: 480 },
  { width: 480, height: 800 },
  { width: 800, height: 1280 },
  { width: 1024, height: 600 },
  { width: 1920, height: 1080 },
];

describe.skipIf(noChromium)(`self-test page in Chromium ${noChromium ?? ""}`, () => {
  const webRoot = mkdtempSync(join(tmpdir(), "bluepost-web-"));
  let browser: Browser;
  let kiosk: KioskPage;
  let model: ScreenModel;
  let server: ScreenServer;
  let hasScanner: boolean;
  let selfTest: SelfTest;

  beforeAll(async () => {
    await buildPage(webRoot);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(webRoot, { recursive: true, force: true });
  });

  beforeEach(async () => {
    hasScanner = true;
    model = createScreenModel(IDLE_STATE, systemTimers);
    selfTest = new SelfTest({
      scanner: { status: () => (hasScanner ? { present: true } : { present: false, reason: "gone" }) },
      indicator: new MemoryIndicator(),
      clock: { now: () => TIME },
      beacon: () => ({ controller: "off", neighbours: "unknown" }),
      flushTime: async () => ({ medianMs: 6.4, slowestMs: 20 }),
      diskFreeBytes: async () => 2e9,
      online: () => true,
      askGateway: async () => ({ roundTripMs: 12, offMs: 3 }),
      screen: model,
      timers: systemTimers,
      logger: silentLogger.child("selftest"),
    });
    server = createScreenServer({
      model,
      webRoot,
      setParty: async () => ({ ok: false }),
      identify: () => undefined,
      selfTest: ({ open }) => (open ? selfTest.open() : selfTest.close()),
    });
    kiosk = await KioskPage.open(browser, await server.listen({ host: "127.0.0.1", port: 0 }));
  });

  afterEach(async () => {
    const { complaints } = kiosk;
    await kiosk.close();
    await server.close();
    expect(complaints).toEqual([]);
  });

  const holdCorner = async (): Promise<void> => {
    await kiosk.page.mouse.move(20, 20);
    await kiosk.page.mouse.down();
    await kiosk.page.locator(".self-test").waitFor({ timeout: 15_000 });
    await kiosk.page.mouse.up();
  };

  it("comes when the corner is held, names what is wrong with its remedy, tests again, and goes", async () => {
    hasScanner = false;
    await holdCorner();
    await kiosk.reads("Cần khắc phục: 2");
    await kiosk.reads("Không tìm thấy đầu đọc");
    await kiosk.reads("Cắm lại cáp. Nếu vẫn không có, quét mã cài đặt USB nối tiếp trong tài liệu");
    await kiosk.reads("Ghi mất 6 ms, còn trống 1907 MB");
    await kiosk.reads("Đúng theo máy trung gian (lệch 3 ms)");
    expect(await seriousFindings(kiosk.page)).toEqual([]);
    hasScanner = true;
    await kiosk.press("Kiểm tra lại");
    await kiosk.reads("Cần khắc phục: 1");
    await kiosk.press("Trở về màn hình cửa");
    await kiosk.forgets("Tự kiểm tra máy");
    await kiosk.reads("Đưa mã QR trước máy quét");
  });

  it("does not come for a tap, and comes by the keyboard", async () => {
    await kiosk.page.mouse.click(20, 20);
    await kiosk.page.getByRole("button", { name: "Tự kiểm tra" }).focus();
    expect(model.state().selfTest ?? null).toBeNull();
    await kiosk.page.keyboard.press("Enter");
    await kiosk.reads("Tự kiểm tra máy");
  });

  it("shows the answer to an unreadable code over itself, and gives way to a visitor", async () => {
    selfTest.open();
    await kiosk.page.locator(".self-test").waitFor();
    selfTest.scanned(false);
    model.show(screenResult({ code: "unknown_qr" }));
    await kiosk.answered("unknown_qr");
    await kiosk.reads("Vừa đọc được một mã");
    selfTest.scanned(true);
    model.show(screenResult());
    await kiosk.answered("in_ok");
    expect(await kiosk.page.locator(".self-test").count()).toBe(0);
  });

  it("says it in English too", async () => {
    await kiosk.press("English");
    selfTest.open();
    await kiosk.page.locator(".self-test").waitFor();
    await kiosk.reads("The beacon is silent");
    await kiosk.reads("Green, amber and red light up in turn, each with a beep");
  });

  it.each(SIZES)("fits a display of $width x $height", async (size) => {
    await kiosk.page.setViewportSize(size);
    selfTest.open();
    await kiosk.page.locator(".self-test").waitFor();
    await kiosk.page.locator("[data-faults]").waitFor();
    expect(await kiosk.stickingOut()).toEqual([]);
    if (process.env["BLUEPOST_PICTURES"])
      await kiosk.page.screenshot({ path: `${process.env["BLUEPOST_PICTURES"]}/self-test-${size.width}.png` });
  });
});
