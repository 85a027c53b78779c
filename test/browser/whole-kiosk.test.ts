import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { launchChromium, noChromium, seriousFindings } from "../support/chromium.ts";
import { KioskPage } from "../support/kiosk-page.ts";
import { runToEnd } from "../support/part.ts";
import { noPtys } from "../support/ptys.ts";

const AN = "001090123456||Nguyễn Văn An|01011990|Nam|12 Trần Phú, Rạch Giá|15042021";
const BINH = "001090654321||Trần Thị Bình|02021955|Nữ|3 Lê Lợi, Rạch Giá|15042021";

/** Why this suite cannot run here, or "". */
const noBrowserOrPty = [noChromium ?? "", noPtys].filter(Boolean).join("; ");

describe.skipIf(noBrowserOrPty !== "")(`a whole kiosk in Chromium ${noBrowserOrPty}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-browser-"));
  let site: ProcessSite;
  let door: ProcessDoor;
  let browser: Browser;
  let screen: KioskPage;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "phu-quoc",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Chợ Dương Đông" }],
      kioskSettings: ["door.minimumDwellSeconds=6"],
      log: () => {},
    });
    door = site.doors[0] as ProcessDoor;
    browser = await launchChromium();
    screen = await KioskPage.open(browser, door.screen);
    await screen.page.locator(".qr").waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("checks a visitor in from the scanner's bytes, shows who only in part, and forgets", async () => {
    await door.scanner.present(AN);
    await screen.answered("in_ok");
    await screen.page.getByText("******123456").waitFor();
    expect(await seriousFindings(screen.page)).toEqual([]);
    await screen.forgets("******123456");
    expect(await screen.page.content()).not.toContain("123456");
  });

  it("does not check in twice: a second scan says so", async () => {
    await door.scanner.present(BINH);
    await screen.answered("in_ok");
    await screen.forgets("******654321");
    await expect
      .poll(
        async () => {
          await door.scanner.present(BINH);
          return screen.page.locator('.result[data-code="already"]').count();
        },
        { timeout: 5_900, interval: 400 },
      )
      .toBeGreaterThan(0);
  });

  it("does not know a stranger's code, and takes a number for companions", async () => {
    await door.scanner.present("WIFI:S:cafe;;");
    await screen.answered("unknown_qr");
    await door.scanner.present("3");
    await screen.answered("party_ok");
    await door.scanner.present("001090777777||Lê Văn Cường|03031960|Nam|5 Hùng Vương|15042021");
    await screen.answered("in_ok");
    await screen.page.getByText("+3 người đi cùng, hỏi người cầm thẻ").first().waitFor();
  });

  it("obeys the codes that the engine made for its staff", async () => {
    const order = ["cards", "staff-codes", "--site", "phu-quoc", "--json", "-s", `dataDir=${site.engineDir}`];
    const { stdout } = await runToEnd({ script: "dist/engine/main.js", args: order });
    const { codes } = JSON.parse(stdout) as { codes: { action: string; text: string }[] };
    const show = (action: string): Promise<void> =>
      door.scanner.present(codes.find((code) => code.action === action)?.text ?? "");
    await show("out_of_order");
    await screen.answered("staff_ok");
    await screen.page.getByText("Máy không ghi nhận ai cho đến khi quét mã “hoạt động lại”").first().waitFor();
    await screen.page.locator(".below .out-of-order").waitFor();
    await door.scanner.present(AN);
    await screen.answered("see_staff");
    await show("in_service");
    await screen.page.getByText("Máy đã hoạt động lại").first().waitFor();
    expect(await seriousFindings(screen.page)).toEqual([]);
    await screen.page.locator(".below .qr").waitFor();
    await show("menu");
    await screen.page.locator('.self-test [data-check="scanner"][data-code="scanner_ready"]').waitFor(); // the lamps go on, too
    await door.scanner.present("001090666666||Đỗ Văn Sáu|06061966|Nam|6 Lý Tự Trọng|15042021");
    await screen.answered("in_ok");
    await screen.page.locator(".below .qr").waitFor();
  });

  it("goes on without its gateway, says so, and sends everything when it is back", async () => {
    await site.gateway.kill9();
    await screen.page.getByText("Ngoại tuyến", { exact: false }).first().waitFor();
    await door.scanner.present("001090888888||Phạm Thị Dung|04041970|Nữ|7 Nguyễn Huệ|15042021");
    await screen.answered("in_ok");
    await screen.page.getByText("Đã lưu, sẽ gửi khi có mạng", { exact: true }).first().waitFor();
    await site.gateway.start();
    await screen.page.getByText("Ngoại tuyến", { exact: false }).first().waitFor({ state: "detached" });
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${door.screen}/api/state`)).json()) as { uplink: { unsent: number } }).uplink.unsent,
        { timeout: 20_000 },
      )
      .toBe(0);
  });

  it("says that the scanner is gone when its cable is pulled, and takes the next visitor when it is back", async () => {
    door.scanner.unplug();
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${door.screen}/api/state`)).json()) as { scanner: { present: boolean } }).scanner
            .present,
        { timeout: 40_000 },
      )
      .toBe(false);
    door.scanner.plug();
    await expect
      .poll(
        async () => {
          await door.scanner.present("001090999999||Võ Văn Em|05051980|Nam|9 Trần Hưng Đạo|15042021");
          return screen.page.locator(".result").count();
        },
        { timeout: 40_000, interval: 500 },
      )
      .toBeGreaterThan(0);
    expect(screen.complaints).toEqual([]);
  });
});
