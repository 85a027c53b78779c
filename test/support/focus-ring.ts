import type { Locator, Page } from "playwright-core";
import type { RgbaImage } from "../../runtime/zxing-wasm-photos.ts";
import { pixelsOfPng } from "./pixels.ts";

/** How far around the edge of a control its ring is looked for, pixels. */
const REACH = { inward: 8, outward: 10 };
/** A ring must stand out over so many pixels in a row (WCAG 2.2, 2.4.13). */
const THICK = 2;

/**
 * Focuses a control as a keyboard does and compares the pixels around its edges with those before.
 *
 * @returns contrast of the change, at the side of the control where it is weakest: 3 or more can be seen (WCAG 2.2, 1.4.11)
 */
export async function focusContrast(page: Page, control: Locator): Promise<number> {
  await control.evaluate((element) => element.scrollIntoView({ block: "center" })); // else a side may lie beyond the window
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const before = pixelsOfPng(await page.screenshot());
  await page.keyboard.press("Shift"); // from now on the browser takes focus for a keyboard's
  await control.focus();
  const box = await control.boundingBox();
  if (!box) throw new Error("the control cannot be seen");
  const after = pixelsOfPng(await page.screenshot());
  await control.blur();
  const [middleX, middleY] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
  const [left, top] = [Math.round(box.x), Math.round(box.y)];
  const [right, bottom] = [Math.round(box.x + box.width) - 1, Math.round(box.y + box.height) - 1];
  const sides: readonly ((out: number) => readonly [number, number])[] = [
    (out) => [left - out, middleY],
    (out) => [right + out, middleY],
    (out) => [middleX, top - out],
    (out) => [middleX, bottom + out],
  ];
  return Math.min(...sides.map((at) => strongest(before, after, at)));
}

function strongest(before: RgbaImage, after: RgbaImage, at: (out: number) => readonly [number, number]): number {
  let best = 0;
  const contrasts: number[] = [];
  for (let out = -REACH.inward; out <= REACH.outward; out += 1) {
    const [x, y] = at(out);
    const isOutside = x < 0 || y < 0 || x >= before.width || y >= before.height;
    contrasts.push(isOutside ? 1 : contrast(luminance(before, x, y), luminance(after, x, y)));
    if (contrasts.length >= THICK) best = Math.max(best, Math.min(...contrasts.slice(-THICK)));
  }
  return best;
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** Relative luminance. Source: WCAG 2.2, definitions. */
function luminance({ data, width }: RgbaImage, x: number, y: number): number {
  const [red = 0, green = 0, blue = 0] = [0, 1, 2].map((channel) => {
    const value = (data[(y * width + x) * 4 + channel] ?? 0) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
