import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import type { ResultCode, ScreenResult, ScreenState } from "../../protocol/http/kiosk-screen.ts";
import { repository } from "./repository.ts";

/** Nine in the morning in Vietnam, 16 November 2026. */
export const NINE_OCLOCK_MS: number = Date.UTC(2026, 10, 16, 2);

/** A market's door with all well. */
export const IDLE_STATE: Omit<ScreenState, "result"> = {
  mode: "idle",
  venue: { id: "7k3m9q2x", name: "Chợ Dương Đông", gate: 1 },
  venueQr:
    "https://bluepost.example/v?v=0#AACg1iHGzO7EsAJyS0awsoih09G5zg2Q1Q9grDt3azi2Zql57Sg0PhM3P1tutih63YSFHmAxZfA08",
  capacity: { inside: 45, max: 120 },
  uplink: { online: true, unsent: 0 },
  scanner: { present: true },
  clock: { nowMs: NINE_OCLOCK_MS, synced: true },
  language: "vi",
  hotline: "1900 9095",
};

/** The masked identity that answers of these tests carry; the number is invented. */
export const MASKED = { id: "******123456", name: "N. V. AN", birthYear: 1990 } as const;

let results = 0;

/** An answer with the next id; it stays for a minute unless told otherwise. */
export function screenResult(change: Partial<ScreenResult> = {}): ScreenResult {
  results += 1;
  return {
    id: results,
    code: "in_ok",
    offline: false,
    atMs: NINE_OCLOCK_MS,
    timeKnown: true,
    holdMs: 60_000,
    masked: MASKED,
    party: 0,
    partyOpen: false,
    partyMs: 0,
    hint: null,
    ...change,
  };
}

/** Builds one page into a folder, exactly as `npm run build` does. @param page folder of `web/` */
export async function buildPage(outDir: string, page = "kiosk"): Promise<void> {
  await build({
    configFile: join(repository, "web/vite.config.ts"),
    root: join(repository, "web", page),
    logLevel: "error",
    build: { outDir, emptyOutDir: true },
  });
}

/** A kiosk's screen in a browser, in the words of a visitor. Works for any server of that page. */
export class KioskPage {
  readonly page: Page;
  /** What the browser complained about: script faults, refused loads, policy violations. Lost connections are not among them. */
  readonly complaints: string[] = [];
  /** Every address that the page asked for. */
  readonly requests: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (fault) => this.complaints.push(fault.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !/ERR_(CONNECTION|INCOMPLETE|EMPTY)|status of 409/.test(line.text()))
        this.complaints.push(line.text());
    });
    page.on("request", (request) => this.requests.push(request.url()));
  }

  static async open(
    browser: Browser,
    url: string,
    view: { readonly width: number; readonly height: number } = { width: 1280, height: 800 },
  ): Promise<KioskPage> {
    const kiosk = new KioskPage(await browser.newPage({ viewport: view }));
    await kiosk.page.goto(url);
    await kiosk.page.locator(".screen").waitFor();
    return kiosk;
  }

  /** Waits for the answer of this code on the screen. */
  async answered(code: ResultCode): Promise<void> {
    await this.page.locator(`.result[data-code="${code}"]`).waitFor();
  }

  /** Waits until a text is on the screen, exactly and as a whole. */
  async reads(text: string): Promise<void> {
    await this.page.getByText(text, { exact: true }).first().waitFor();
  }

  /** Waits until a text is nowhere on the page any more. */
  async forgets(text: string): Promise<void> {
    await this.page.getByText(text).first().waitFor({ state: "detached" });
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button, exact: true }).click();
  }

  /** Elements with text or a picture that stick out of the display, or of the box that should hold them. */
  async stickingOut(): Promise<readonly string[]> {
    return await this.page.evaluate(() => {
      const holds = (outer: DOMRect, inner: DOMRect): boolean =>
        inner.left >= outer.left - 1 &&
        inner.top >= outer.top - 1 &&
        inner.right <= outer.right + 1 &&
        inner.bottom <= outer.bottom + 1;
      const display = new DOMRect(0, 0, innerWidth, innerHeight);
      const found: string[] = [];
      for (const element of document.querySelectorAll("p, h1, li, button, svg")) {
        const box = element.getBoundingClientRect();
        const outer = element.closest("main, header, footer, .result, .party")?.getBoundingClientRect() ?? display;
        if (box.width > 0 && !(holds(display, box) && holds(outer, box))) found.push(element.outerHTML.slice(0, 60));
      }
      return found;
    });
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
