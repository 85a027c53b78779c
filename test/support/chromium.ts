import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's Chromium, or the one that BLUEPOST_CHROMIUM names. */
export const CHROMIUM: string = process.env["BLUEPOST_CHROMIUM"] ?? "/usr/bin/chromium";

/** Why browser suites cannot run here, or null. */
export const noChromium: string | null = existsSync(CHROMIUM)
  ? null
  : `skipped: no Chromium at ${CHROMIUM}; set BLUEPOST_CHROMIUM`;

/** Starts a headless browser that speaks to this machine only. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/** Serious and critical findings of axe-core on the page as it is now: rule and element, never text of the page. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}
