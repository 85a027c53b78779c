import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createScreenModel, type ScreenModel } from "../../kiosk/screen/screen-model.ts";
import { createScreenServer, type ScreenServer } from "../../kiosk/screen/screen-server.ts";
import type { ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";

const IDLE: Omit<ScreenState, "result"> = {
  mode: "idle",
  venue: { id: "7k3m9q2x", name: "Chợ Dương Đông", gate: 1 },
  venueQr:
    "https://bluepost.example/v?v=0#AACg1iHGzO7EsAJyS0awsoih09G5zg2Q1Q9grDt3azi2Zql57Sg0PhM3P1tutih63YSFHmAxZfA08",
  capacity: { inside: 45, max: 120 },
  uplink: { online: true, unsent: 0 },
  scanner: { present: true },
  clock: { nowMs: Date.UTC(2026, 10, 16, 2), synced: true },
  language: "vi",
  hotline: "1900 9095",
};

let results = 0;
function result(change: Partial<ScreenResult>): ScreenResult {
  results += 1;
  return {
    id: results,
    code: "in_ok",
    offline: false,
    atMs: Date.UTC(2026, 10, 16, 2),
    holdMs: 60_000,
    masked: { id: "******123456", name: "N. V. AN", birthYear: 1990 },
    party: 0,
    partyOpen: false,
    hint: null,
    ...change,
  };
}

describe.skipIf(noChromium)(`kiosk screen in Chromium ${noChromium ?? ""}`, () => {
  const webRoot = mkdtempSync(join(tmpdir(), "bluepost-web-"));
  let browser: Browser;
  let page: Page;
  let model: ScreenModel;
  let server: ScreenServer;
  let parties: unknown[];

  beforeAll(async () => {
    await build({
      configFile: join(import.meta.dirname, "../../web/vite.config.ts"),
      logLevel: "error",
      build: { outDir: webRoot, emptyOutDir: true },
    });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(webRoot, { recursive: true, force: true });
  });

  beforeEach(async () => {
    parties = [];
    model = createScreenModel(IDLE, systemTimers);
    server = createScreenServer({
      model,
      webRoot,
      setParty: async (request) => {
        parties.push(request);
        return { ok: true };
      },
    });
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    await page.getByText("Chợ Dương Đông").first().waitFor();
  });

  afterEach(async () => {
    await page.close();
    await server.close();
  });

  const shown = (code: string): Promise<void> => page.locator(`[data-code="${code}"]`).waitFor();

  it("says what to do, in Vietnamese and in English", async () => {
    await page.getByText("Đưa mã QR trước máy quét").waitFor();
    await page.getByText("Đang có 45/120 người").waitFor();
    expect(await page.getAttribute("html", "lang")).toBe("vi");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByText("Hold your QR code in front of the scanner").waitFor();
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("shows the venue code at least two fifths of the short edge wide", async () => {
    const box = await page.locator(".venue-qr .qr").boundingBox();
    expect(box?.width ?? 0).toBeGreaterThanOrEqual(0.4 * 800);
  });

  it.each([
    ["in_ok", "Đã ghi nhận VÀO. Cảm ơn!"],
    ["out_ok", "Đã ghi nhận RA. Hẹn gặp lại!"],
    ["already", "Anh/Chị đã ghi nhận lúc 09:00"],
    ["unknown_qr", "Mã không đọc được. Xoay thẻ, đưa gần 10–20 cm"],
    ["poster", "Đây là mã của địa điểm. Vui lòng đưa mã của Anh/Chị"],
    ["expired", "Mã đã hết hạn. Vui lòng mở lại ứng dụng"],
    ["need_declare", "Cần khai báo y tế trước khi vào"],
    ["full", "Đã đủ 120 người. Vui lòng chờ"],
    ["see_staff", "Mời gặp nhân viên hỗ trợ"],
    ["fault", "Máy tạm dừng. Hãy quét mã trên áp phích"],
  ] as const)("shows %s with its own sentence, and passes axe", async (code, sentence) => {
    model.show(result({ code }));
    await shown(code);
    await page.getByText(sentence, { exact: true }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("lets a new answer replace the old one at once", async () => {
    model.show(result({ code: "in_ok" }));
    await shown("in_ok");
    model.show(result({ code: "already", masked: null }));
    await shown("already");
    expect(await page.locator('[data-code="in_ok"]').count()).toBe(0);
  });

  it("forgets who it was when the answer is over", async () => {
    model.show(result({ holdMs: 300 }));
    await page.getByText("N. V. AN").waitFor();
    await page.getByText("N. V. AN").waitFor({ state: "detached" });
    expect(await page.content()).not.toContain("123456");
    expect(JSON.stringify(model.state())).not.toContain("123456");
  });

  it("asks how many came along and sends the number", async () => {
    const answer = result({ partyOpen: true });
    model.show(answer);
    await page.getByText("Đi cùng bao nhiêu người không có thẻ?").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "3 người" }).click();
    await expect.poll(() => parties).toEqual([{ result: answer.id, count: 3 }]);
    model.show(result({ party: 3 }));
    await page.getByText("+3 người đi cùng, hỏi người cầm thẻ").waitFor();
  });

  it("shows that it is offline, keeps answering, and takes the badge away when the network is back", async () => {
    model.update({ uplink: { online: false, unsent: 37 } });
    await page.getByText("Ngoại tuyến — đã lưu 37 lượt, sẽ gửi khi có mạng").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    model.show(result({ offline: true }));
    await page.getByText("Đã lưu, sẽ gửi khi có mạng", { exact: true }).waitFor();
    model.update({ uplink: { online: true, unsent: 0 } });
    await page.getByText("Ngoại tuyến").waitFor({ state: "detached" });
  });

  it("points to the poster when it is out of order", async () => {
    model.update({ mode: "out_of_order" });
    await page.getByText("Máy tạm dừng. Hãy quét mã trên áp phích").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("says that it restarts when its server is gone, and comes back by itself", async () => {
    const { port } = new URL(page.url());
    await server.close();
    await page.getByText("Đang khởi động lại…").waitFor();
    server = createScreenServer({ model, webRoot, setParty: async () => ({ ok: false }) });
    await server.listen({ host: "127.0.0.1", port: Number(port) });
    await page.getByText("Đưa mã QR trước máy quét").waitFor();
  });
});
