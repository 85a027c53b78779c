import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createScreenModel, type ScreenModel } from "../../kiosk/screen/screen-model.ts";
import { createScreenServer, type ScreenServer } from "../../kiosk/screen/screen-server.ts";
import { type PartyRequest, SETUP_REFUSALS } from "../../protocol/http/kiosk-screen.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";
import { focusContrast } from "../support/focus-ring.ts";
import { buildPage, IDLE_STATE, KioskPage, MASKED, NINE_OCLOCK_MS, screenResult } from "../support/kiosk-page.ts";
import { decodeQr } from "../support/qr-picture.ts";

const SIZES = [
  { width: 480, height: 800 },
  { width: 800, height: 480 },
  { width: 800, height: 1280 },
  { width: 1024, height: 600 },
  { width: 1080, height: 1920 },
  { width: 1920, height: 1080 },
];

const ANSWERS = [
  ["in_ok", "rgb(11, 110, 59)", "Đã ghi nhận VÀO. Cảm ơn!", "Checked in. Thank you!"],
  ["out_ok", "rgb(11, 79, 158)", "Đã ghi nhận RA. Hẹn gặp lại!", "Checked out. Goodbye!"],
  ["already", "rgb(255, 194, 14)", "Anh/Chị đã ghi nhận lúc 09:00", "Already recorded at 09:00"],
  [
    "unknown_qr",
    "rgb(68, 68, 68)",
    "Mã không đọc được. Xoay thẻ, đưa gần 10–20 cm",
    "Code not recognised. Turn card, hold at 10–20 cm",
  ],
  [
    "poster",
    "rgb(68, 68, 68)",
    "Đây là mã của địa điểm. Vui lòng đưa mã của Anh/Chị",
    "That is the venue's code. Please show your own",
  ],
  ["expired", "rgb(255, 194, 14)", "Mã đã hết hạn. Vui lòng mở lại ứng dụng", "Code expired. Reopen the app"],
  ["need_declare", "rgb(255, 194, 14)", "Cần khai báo y tế trước khi vào", "Please fill in the health declaration"],
  ["full", "rgb(176, 0, 32)", "Đã đủ 120 người. Vui lòng chờ", "Venue is full (120). Please wait"],
  ["see_staff", "rgb(90, 42, 130)", "Mời gặp nhân viên hỗ trợ", "Please see a member of staff"],
  ["staff_ok", "rgb(90, 42, 130)", "Đã thực hiện", "Done"],
  ["fault", "rgb(68, 68, 68)", "Máy tạm dừng. Hãy quét mã trên áp phích", "Out of order. Scan the poster instead"],
] as const;

describe.skipIf(noChromium)(`kiosk screen in Chromium ${noChromium ?? ""}`, () => {
  const webRoot = mkdtempSync(join(tmpdir(), "bluepost-web-"));
  let browser: Browser;
  let kiosk: KioskPage;
  let model: ScreenModel;
  let server: ScreenServer;
  let url: string;
  let parties: PartyRequest[];
  let takesParty: boolean;

  beforeAll(async () => {
    await buildPage(webRoot);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(webRoot, { recursive: true, force: true });
  });

  const serve = async (port: number): Promise<void> => {
    server = createScreenServer({
      model,
      webRoot,
      setParty: async (request) => {
        parties.push(request);
        return { ok: takesParty };
      },
      identify: () => undefined,
    });
    url = await server.listen({ host: "127.0.0.1", port });
  };

  beforeEach(async () => {
    parties = [];
    takesParty = true;
    model = createScreenModel(IDLE_STATE, systemTimers);
    await serve(0);
    kiosk = await KioskPage.open(browser, url);
  });

  afterEach(async () => {
    const { complaints } = kiosk;
    await kiosk.close();
    await server.close();
    expect(complaints).toEqual([]);
  });

  describe("between visitors", () => {
    it("says what to do, in Vietnamese and in English", async () => {
      for (const text of ["Chợ Dương Đông", "Đưa mã QR trước máy quét", "Đang có 45/120 người", "09:00", "16/11/2026"])
        await kiosk.reads(text);
      await kiosk.reads("Đường dây nóng 1900 9095");
      expect(await kiosk.page.getAttribute("html", "lang")).toBe("vi");
      await kiosk.press("English");
      for (const text of ["Hold your QR code in front of the scanner", "45/120 people inside", "Hotline 1900 9095"])
        await kiosk.reads(text);
      expect(await kiosk.page.getAttribute("html", "lang")).toBe("en");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
    });

    it("shows the venue's code readable, at least two fifths of the short edge wide", async () => {
      const qr = kiosk.page.locator(".qr");
      expect((await qr.boundingBox())?.width ?? 0).toBeGreaterThanOrEqual(0.4 * 800);
      expect(await decodeQr(await kiosk.page.screenshot())).toBe(IDLE_STATE.venueQr);
    });

    it("asks nothing of any other machine and stores nothing in the browser", async () => {
      expect(kiosk.requests.filter((address) => !address.startsWith(url))).toEqual([]);
      expect(await kiosk.page.context().cookies()).toEqual([]);
    });

    it("dims at night, the code still readable, and is bright for an answer", async () => {
      model.update({ clock: { nowMs: NINE_OCLOCK_MS + 14 * 3_600_000, synced: true } });
      await kiosk.page.locator(".night").waitFor();
      expect(await decodeQr(await kiosk.page.screenshot())).toBe(IDLE_STATE.venueQr);
      model.show(screenResult());
      await kiosk.answered("in_ok");
      expect(await kiosk.page.locator(".night").count()).toBe(0);
    });

    it("points to the other ways in while there is no scanner", async () => {
      model.update({ scanner: { present: false } });
      await kiosk.reads("Máy quét chưa sẵn sàng");
      await kiosk.forgets("Đưa mã QR trước máy quét");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
    });

    it("shows across the hall that it is the machine that is looked for, until it is found", async () => {
      model.update({ identify: true });
      await kiosk.reads("Đây là máy cần tìm");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      expect((await kiosk.page.locator(".identify").boundingBox())?.width ?? 0).toBeGreaterThanOrEqual(1_280);
      model.update({ identify: false });
      await kiosk.forgets("Đây là máy cần tìm");
    });

    it("shows where the keyboard is, on each ground", async () => {
      const { page } = kiosk;
      const corner = page.locator(".technician-corner");
      expect(await focusContrast(page, page.getByRole("button", { name: "English" }))).toBeGreaterThanOrEqual(3);
      expect(await focusContrast(page, corner)).toBeGreaterThanOrEqual(3);
      model.update({ mode: "out_of_order" });
      await kiosk.reads("Máy tạm dừng. Hãy quét mã trên áp phích");
      expect(await focusContrast(page, corner)).toBeGreaterThanOrEqual(3);
      model.update({ mode: "idle" });
      model.show(screenResult({ partyOpen: true, partyMs: 60_000 }));
      expect(await focusContrast(page, page.getByRole("button", { name: "1 người" }))).toBeGreaterThanOrEqual(3);
    });

    it("moves nothing for those who asked for no motion", async () => {
      await kiosk.page.emulateMedia({ reducedMotion: "reduce" });
      expect(await kiosk.page.evaluate(() => document.getAnimations().length)).toBe(0);
    });

    it("flashes for a scan, and at most three times a second", async () => {
      for (let scan = 0; scan < 20; scan += 1) model.click();
      await kiosk.page.locator('.screen[data-flashes="1"]').waitFor();
      model.update({ capacity: { inside: 46, max: 120 } });
      await kiosk.reads("Đang có 46/120 người");
      expect(await kiosk.page.getAttribute(".screen", "data-flashes")).toBe("1");
    });

    it("shifts by a few pixels each minute, and forgets a visitor's language", async () => {
      await kiosk.page.clock.install();
      await kiosk.page.reload();
      await kiosk.press("English");
      await kiosk.reads("Hotline 1900 9095");
      const before = await kiosk.page.locator("h1").boundingBox();
      await kiosk.page.clock.runFor(61_000);
      await kiosk.reads("Đường dây nóng 1900 9095");
      const after = await kiosk.page.locator("h1").boundingBox();
      const step = Math.hypot((after?.x ?? 0) - (before?.x ?? 0), (after?.y ?? 0) - (before?.y ?? 0));
      expect(step).toBeGreaterThanOrEqual(8);
      expect(step).toBeLessThanOrEqual(16);
    });
  });

  describe("an answer", () => {
    it.each(ANSWERS)("%s has its own colour, icon and sentence in both languages", async (code, ground, vi, en) => {
      model.show(screenResult({ code }));
      await kiosk.answered(code);
      await kiosk.reads(vi);
      await kiosk.reads(en);
      const result = kiosk.page.locator(".result");
      expect(await result.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe(ground);
      expect(await result.locator(".disc .icon").count()).toBe(1);
      expect(await seriousFindings(kiosk.page)).toEqual([]);
    });

    it("names no time while the kiosk does not know it", async () => {
      model.show(screenResult({ code: "already", timeKnown: false }));
      await kiosk.reads("Anh/Chị đã ghi nhận rồi");
      await kiosk.reads("Already recorded");
      model.show(screenResult({ timeKnown: false }));
      await kiosk.answered("in_ok");
      expect(await kiosk.page.locator(".result .when").textContent()).toBe("Chợ Dương Đông");
      model.show(screenResult());
      await kiosk.page.locator(".result .when", { hasText: "09:00 · Chợ Dương Đông" }).waitFor();
      expect(await kiosk.page.locator(".result .when [lang=vi]").textContent()).toBe("Chợ Dương Đông");
    });

    it("sounds as its code says", async () => {
      await kiosk.page.addInitScript(() => {
        const heard: number[] = [];
        Object.assign(globalThis, { heard });
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (when?: number) {
          heard.push(this.frequency.value);
          start.call(this, when);
        };
      });
      await kiosk.page.reload();
      await kiosk.reads("Chợ Dương Đông");
      model.show(screenResult({ code: "out_ok" }));
      await kiosk.answered("out_ok");
      const heard = (): Promise<number[]> =>
        kiosk.page.evaluate(() => (globalThis as unknown as { heard: number[] }).heard);
      await expect.poll(heard).toEqual([1_320, 880]);
      model.update({ volume: 0 });
      model.show(screenResult({ code: "in_ok" }));
      await kiosk.answered("in_ok");
      expect(await heard()).toEqual([1_320, 880]);
    });

    it("gives way to a newer one at once", async () => {
      model.show(screenResult({ code: "in_ok" }));
      await kiosk.answered("in_ok");
      model.show(screenResult({ code: "already", masked: null }));
      await kiosk.answered("already");
      expect(await kiosk.page.locator(".result").count()).toBe(1);
      expect(await kiosk.page.content()).not.toContain(MASKED.name);
    });

    it("takes the identity with it when its time is over", async () => {
      model.show(screenResult({ holdMs: 2_000, partyOpen: true, partyMs: 60_000 }));
      await kiosk.reads(MASKED.name);
      await kiosk.forgets(MASKED.name);
      const page = await kiosk.page.content();
      for (const part of [MASKED.name, "123456", "1990"]) expect(page).not.toContain(part);
      expect(JSON.stringify(model.state())).not.toContain("123456");
    });

    it("says that it is saved while the gateway is away, and the badge goes when it is back", async () => {
      model.update({ uplink: { online: false, unsent: 37 } });
      await kiosk.reads("Ngoại tuyến — đã lưu 37 lượt");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      model.show(screenResult({ offline: true }));
      await kiosk.reads("Đã lưu, sẽ gửi khi có mạng");
      model.update({ uplink: { online: true, unsent: 0 } });
      await kiosk.forgets("Ngoại tuyến");
    });
  });

  describe("a group", () => {
    it("is counted by one touch, and shown", async () => {
      const answer = screenResult({ partyOpen: true, partyMs: 60_000 });
      model.show(answer);
      await kiosk.reads("Đi cùng bao nhiêu người không có thẻ?");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      await kiosk.press("3 người");
      await expect.poll(() => parties).toEqual([{ result: answer.id, count: 3 }]);
      model.show(screenResult({ party: 3 }));
      await kiosk.reads("+3 người đi cùng, hỏi người cầm thẻ");
      await kiosk.forgets("Đi cùng bao nhiêu người không có thẻ?");
    });

    it("may still be told after the answer has left the screen, or waved away", async () => {
      model.show(screenResult({ holdMs: 2_000, partyOpen: true, partyMs: 60_000 }));
      await kiosk.answered("in_ok");
      await kiosk.page.locator(".result").waitFor({ state: "detached" });
      await kiosk.reads("Đi cùng bao nhiêu người không có thẻ?");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      await kiosk.press("Không có ai");
      await kiosk.forgets("Đi cùng bao nhiêu người không có thẻ?");
      expect(parties).toEqual([]);
    });

    it("is asked for no longer when the kiosk says that it is too late, or the time is over", async () => {
      takesParty = false;
      model.show(screenResult({ partyOpen: true, partyMs: 60_000 }));
      await kiosk.press("2 người");
      await kiosk.forgets("Đi cùng bao nhiêu người không có thẻ?");
      model.show(screenResult({ partyOpen: true, partyMs: 2_000 }));
      await kiosk.reads("Đi cùng bao nhiêu người không có thẻ?");
      await kiosk.forgets("Đi cùng bao nhiêu người không có thẻ?");
    });
  });

  describe("when it cannot serve", () => {
    it.each([
      ["out_of_order", "Máy tạm dừng. Hãy quét mã trên áp phích", "Out of order. Scan the poster instead"],
      ["provision", "Đưa mã cài đặt trước máy quét", "Hold the setup code in front of the scanner"],
    ] as const)("%s says what to do instead", async (mode, vi, en) => {
      model.update({ mode });
      await kiosk.reads(vi);
      await kiosk.reads(en);
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      model.update({ mode: "idle" });
      await kiosk.reads("Đưa mã QR trước máy quét");
    });

    it.each(SETUP_REFUSALS)("tells a technician why a setup code was refused: %s", async (refusal) => {
      model.update({ mode: "provision", setup: { device: "kiosk-12345678", step: "waiting", refusal } });
      await kiosk.page.locator(`.refusal[data-reason="${refusal}"]`).waitFor();
      await kiosk.reads("Tên máy: kiosk-12345678");
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      expect(await kiosk.stickingOut()).toEqual([]);
    });

    it.each([
      ["unavailable", true, "Wi-Fi của máy này chưa cài được"],
      ["waiting", true, "nhấn nút trên máy"],
      ["waiting", false, "nối máy tính bằng cáp"],
      ["authorized", true, "còn 42 giây"],
      ["joining", true, "Đang vào Wi-Fi"],
      ["joined", true, "Đã vào Wi-Fi"],
      ["failed", true, "Chưa vào được Wi-Fi"],
    ] as const)("leads a technician through the Wi-Fi: %s, by Bluetooth %s", async (step, bluetooth, text) => {
      const wifi = { step, bluetooth, cable: true, leftSeconds: step === "authorized" ? 42 : 0 };
      const setup = { device: "kiosk-12345678", step: "waiting", refusal: "unreachable" } as const;
      model.update({ mode: "provision", setup, wifi });
      await kiosk.page.locator(`[data-wifi="${step}"]`, { hasText: text }).waitFor();
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      expect(await kiosk.stickingOut()).toEqual([]);
    });

    it("says that it restarts when its server is gone, and comes back by itself", async () => {
      model.show(screenResult());
      await kiosk.reads(MASKED.name);
      await server.close();
      await kiosk.reads("Đang khởi động lại…");
      expect(await kiosk.page.content()).not.toContain(MASKED.name);
      expect(await seriousFindings(kiosk.page)).toEqual([]);
      model = createScreenModel(IDLE_STATE, systemTimers);
      await serve(Number(new URL(url).port));
      await kiosk.reads("Đưa mã QR trước máy quét");
    });
  });

  it.each(SIZES)("fits a display of $width x $height, with buttons to hit", async (size) => {
    await kiosk.page.setViewportSize(size);
    model.update({ uplink: { online: false, unsent: 37 } });
    await kiosk.reads("Ngoại tuyến — đã lưu 37 lượt");
    expect(await kiosk.stickingOut()).toEqual([]);
    model.update({ scanner: { present: false } });
    await kiosk.reads("Máy quét chưa sẵn sàng");
    expect(await kiosk.stickingOut()).toEqual([]);
    model.update({ scanner: { present: true }, venueQr: null });
    await kiosk.page.locator("main.alone .picture").waitFor();
    expect(await kiosk.stickingOut()).toEqual([]);
    model.show(screenResult({ partyOpen: true, partyMs: 60_000 }));
    await kiosk.answered("in_ok");
    expect(await kiosk.stickingOut()).toEqual([]);
    for (const button of await kiosk.page.getByRole("button", { includeHidden: true }).all()) {
      const box = await button.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(64);
    }
    for (const [code] of ANSWERS) {
      model.show(screenResult({ code, offline: true, party: 3 }));
      await kiosk.answered(code);
      expect(await kiosk.stickingOut()).toEqual([]);
      for (const sentence of await kiosk.page.locator(".sentence, .sentence-other").all())
        expect(
          await sentence.evaluate((text) => Number.parseFloat(getComputedStyle(text).fontSize)),
        ).toBeGreaterThanOrEqual(28);
    }
  });
});
