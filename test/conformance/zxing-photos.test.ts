import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readPixels } from "../../runtime/zxing-wasm-photos.ts";
import { pixelsOfPng, turned } from "../support/pixels.ts";
import { sameText } from "../support/qr-text.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

/** What zxing's own tests demand of one set at one rotation. */
interface Threshold {
  readonly rotation?: number;
  readonly tryHarderMustPass?: number;
}

const lines: string[] = [];

describeVectors("zxing-qr", "photos of QR codes: at least as many are read as zxing demands of itself", () => {
  const root = vectorPath("zxing-qr");
  const demands = existsSync(root)
    ? (JSON.parse(readFileSync(join(root, "zxing-pass-thresholds.json"), "utf8")) as Record<string, Threshold[]>)
    : {};
  const sets = Object.entries(demands).filter(([set]) => existsSync(join(root, set)));
  const cases = sets.flatMap(([set, thresholds]) =>
    thresholds.flatMap(({ rotation, tryHarderMustPass }) =>
      rotation === undefined || tryHarderMustPass === undefined ? [] : [{ set, rotation, tryHarderMustPass }],
    ),
  );

  it.each(cases)("$set turned by $rotation degrees: $tryHarderMustPass or more", async (demand) => {
    const { set, rotation, tryHarderMustPass } = demand;
    const photos = readdirSync(join(root, set)).filter((name) => name.endsWith(".png"));
    let read = 0;
    for (const name of photos) {
      const expected = readFileSync(join(root, set, name.replace(".png", ".txt")));
      const image = turned(pixelsOfPng(readFileSync(join(root, set, name))), rotation / 90);
      const found = await readPixels(image);
      if (found.some(({ bytes }) => sameText(bytes, expected))) read += 1;
    }
    lines.push(`${set} ${rotation}: ${read}/${photos.length} (zxing ${tryHarderMustPass})`);
    expect(read).toBeGreaterThanOrEqual(tryHarderMustPass);
  });

  afterAll(() => console.log(`zxing-qr: ${lines.join("; ")}`));
});
