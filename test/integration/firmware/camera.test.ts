import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AWAY_MS } from "../../../firmware/rpi/camera/held-codes.ts";
import type { CameraQrScanner } from "../../../firmware/rpi/camera-qr-scanner.ts";
import { type Pose, pictureOfCode, pictureOfPng, takePicture } from "../../../sim/devices/camera-picture.ts";
import type { VirtualCamera } from "../../../sim/devices/virtual-camera.ts";
import { createRng } from "../../../sim/rng.ts";
import { listen } from "../../contract/firmware/qr-scanner.contract.ts";
import { cameraAndScanner } from "../../support/camera.ts";
import { sameText } from "../../support/qr-text.ts";
import { describeVectors, vectorPath } from "../../support/vectors.ts";
import { waitFor } from "../../support/wait-for.ts";

/** A health-card's worth of text in two character sets' worth of letters. */
const CARD = "GD4790999999999|4e677579e1bb856e2056c4836e20e1baa46e|01/01/1980|1|".padEnd(250, "0");

function open(options: Parameters<typeof cameraAndScanner>[0] = {}): {
  readonly camera: VirtualCamera;
  readonly scanner: CameraQrScanner;
  readonly texts: () => string[];
  readonly symbols: () => Uint8Array[];
} {
  const { camera, scanner } = cameraAndScanner(options);
  onTestFinished(() => camera.unplug());
  const { scans } = listen(scanner);
  return {
    camera,
    scanner,
    texts: () => scans.map(({ bytes }) => Buffer.from(bytes).toString("utf8")),
    symbols: () => scans.map(({ bytes }) => bytes),
  };
}

/** Waits until so many more frames were looked at. */
async function frames(scanner: CameraQrScanner, count: number): Promise<void> {
  const { decoded } = scanner.counters;
  await waitFor(() => scanner.counters.decoded >= decoded + count);
}

describe("the camera adapter on the virtual camera's program", () => {
  const poses: readonly [string, Pose][] = [
    ["small", { share: 0.4 }],
    ["turned by 33 degrees", { share: 0.6, degrees: 33 }],
    ["upside down", { share: 0.6, degrees: 180 }],
    ["out of focus", { share: 0.7, blur: 2 }],
    ["in the dark, with noise, turned and out of focus", { share: 0.7, degrees: 75, blur: 1, noise: 12 }],
  ];
  it.each(poses)("reads a card that is held %s", async (_, pose) => {
    const { camera, texts } = open();
    camera.show(CARD, pose);
    await waitFor(() => texts().length > 0);
    expect(texts()).toEqual([CARD]);
  });

  it("makes one symbol of a code that is held, and another one after it was away", async () => {
    let laterMs = 0;
    const { camera, scanner, texts } = open({ boottime: () => Math.floor(performance.now()) + laterMs });
    camera.show("held");
    await waitFor(() => texts().length > 0);
    await frames(scanner, 20);
    expect(texts()).toEqual(["held"]);
    camera.clear();
    await frames(scanner, 3);
    laterMs += AWAY_MS;
    await frames(scanner, 3);
    camera.show("held");
    await waitFor(() => texts().length > 1);
    expect(texts()).toEqual(["held", "held"]);
  });

  it("reads two codes that are held side by side", async () => {
    const { camera, texts } = open();
    const [left, right] = ["left hand", "right hand"].map((text) => pictureOfCode(text));
    if (!left || !right) throw new Error("no pictures");
    const width = left.width + right.width;
    const data = new Uint8Array(width * left.height);
    for (let y = 0; y < left.height; y += 1) {
      data.set(left.data.subarray(y * left.width, (y + 1) * left.width), y * width);
      data.set(right.data.subarray(y * right.width, (y + 1) * right.width), y * width + left.width);
    }
    camera.showPicture({ data, width, height: left.height });
    await waitFor(() => texts().length === 2);
    expect(texts().sort()).toEqual(["left hand", "right hand"]);
  });

  it("reads frames that come in small pieces", async () => {
    const { camera, texts } = open({ chunkBytes: 9_973 });
    camera.show("in pieces");
    await waitFor(() => texts().length > 0);
    expect(texts()).toEqual(["in pieces"]);
  });

  it("says why the camera is gone, starts its program again after half a frame, and reads on", async () => {
    const { camera, scanner, texts } = open();
    camera.show("before");
    await waitFor(() => texts().length === 1);
    camera.crashInFrame();
    await waitFor(() => !scanner.status().present);
    expect(scanner.status()).toEqual({ present: false, reason: "the camera's program ended with status 255" });
    camera.show("after");
    await waitFor(() => texts().length === 2);
    expect(texts()).toEqual(["before", "after"]);
    expect(scanner.status().present).toBe(true);
  });

  it("tells a camera that was unplugged from a program that fails", async () => {
    const { camera, scanner } = open();
    await waitFor(() => scanner.status().present);
    camera.unplug();
    const reason = "no camera is connected, or its ribbon cable sits loose";
    await waitFor(() => {
      const status = scanner.status();
      return !status.present && status.reason === reason;
    });
    camera.plug();
    await waitFor(() => scanner.status().present);
  });

  it("stops and starts again the program of a camera that hangs", async () => {
    let stalledMs: readonly number[] = [];
    const rushed = {
      after(ms: number, run: () => void): () => void {
        stalledMs = [...stalledMs, ms];
        const timer = setTimeout(run, ms === 10_000 ? 500 : ms); // ten seconds of silence pass in half a one
        return () => clearTimeout(timer);
      },
    };
    const { camera, scanner, texts } = open({ timers: rushed });
    await waitFor(() => scanner.status().present);
    camera.stall();
    await waitFor(() => !scanner.status().present);
    expect(scanner.status()).toEqual({ present: false, reason: "the camera gives no frames" });
    expect(stalledMs).toContain(10_000);
    camera.stall(false);
    camera.show("alive");
    await waitFor(() => texts().length === 1);
  });

  it("finds nothing in garbage, and does not fall over it", async () => {
    const { camera, scanner, texts } = open();
    const rng = createRng("garbage");
    await waitFor(() => scanner.status().present);
    camera.showPicture({ data: rng.bytes(640 * 480), width: 640, height: 480 }, { share: 1.4 });
    camera.garble(rng.bytes(777_777));
    await frames(scanner, 10);
    expect(texts()).toEqual([]);
    expect(scanner.status().present).toBe(true);
  });

  it("gives the same frame for the same seed", () => {
    const take = (seed: string): Uint8Array =>
      takePicture(pictureOfCode("seed"), {
        width: 128,
        height: 96,
        pose: { noise: 5, degrees: 10 },
        rng: createRng(seed),
      });
    expect(take("one")).toEqual(take("one"));
    expect(take("one")).not.toEqual(take("two"));
  });
});

/** Photos of the set, and how many of them the camera's path must read. Phones' own photos of codes on paper, in one frame each. */
const DEMANDS = [
  { set: "qrcode-1", mustRead: 19 },
  { set: "qrcode-2", mustRead: 31 },
];

describeVectors("zxing-qr", "photos of QR codes before the camera", () => {
  it.each(DEMANDS)("$set: $mustRead or more are read", async ({ set, mustRead }) => {
    const folder = vectorPath("zxing-qr", set);
    const photos = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".png")) : [];
    let laterMs = 0;
    const { camera, scanner, symbols } = open({ boottime: () => Math.floor(performance.now()) + laterMs });
    await waitFor(() => scanner.status().present);
    let read = 0;
    const missed: string[] = [];
    for (const photo of photos) {
      camera.clear();
      await frames(scanner, 3);
      laterMs += AWAY_MS;
      await frames(scanner, 2);
      const before = symbols().length;
      camera.showPicture(pictureOfPng(readFileSync(join(folder, photo))), { share: 1 });
      await frames(scanner, 3);
      const expected = readFileSync(join(folder, photo.replace(/\.png$/, ".txt")));
      if (
        symbols()
          .slice(before)
          .some((bytes) => sameText(bytes, expected))
      )
        read += 1;
      else missed.push(photo);
    }
    console.log(`camera, ${set}: ${read}/${photos.length}, not read: ${missed.join(" ")}`);
    expect(read).toBeGreaterThanOrEqual(mustRead);
  });
});
