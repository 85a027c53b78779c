import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { NewestFrameDecoder, type SeenCodes } from "../../../firmware/rpi/camera/newest-frame-decoder.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { pictureOfCode, takePicture } from "../../../sim/devices/camera-picture.ts";
import { createRng } from "../../../sim/rng.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const mode = { width: 640, height: 480, framesPerSecond: 10 };

function frameOf(text: string): Uint8Array<ArrayBuffer> {
  const { width, height } = mode;
  return Uint8Array.from(takePicture(pictureOfCode(text), { width, height, pose: {}, rng: createRng("frame") }));
}

function open(entry?: string): { decoder: NewestFrameDecoder; seen: SeenCodes[] } {
  const seen: SeenCodes[] = [];
  const chosen = entry === undefined ? {} : { entry };
  const decoder = new NewestFrameDecoder({ mode, logger: silentLogger, seen: (codes) => seen.push(codes), ...chosen });
  onTestFinished(() => decoder.close());
  return { decoder, seen };
}

const textOf = ({ codes }: SeenCodes): string => codes.map((code) => Buffer.from(code).toString("utf8")).join();

describe("NewestFrameDecoder", () => {
  it("looks at the newest of the frames that came meanwhile, and counts the others", async () => {
    const { decoder, seen } = open();
    for (let n = 0; n < 30; n += 1) decoder.take({ luma: frameOf(`frame ${n}`), takenMs: n as BoottimeMs });
    await waitFor(() => seen.length === 2);
    expect(seen.map(textOf)).toEqual(["frame 0", "frame 29"]);
    expect(seen.map(({ takenMs }) => takenMs)).toEqual([0, 29]);
    expect([decoder.decoded, decoder.dropped]).toEqual([2, 28]);
  });

  it("gives up the frame that a worker dies of, and rests before it starts another", async () => {
    const entry = join(tempFolder(), "dies.mjs");
    writeFileSync(
      entry,
      'import { parentPort } from "node:worker_threads";\nparentPort.on("message", () => process.exit(1));\n',
    );
    const { decoder, seen } = open(entry);
    decoder.take({ luma: frameOf("a"), takenMs: 1_000 as BoottimeMs });
    await waitFor(() => seen.length === 1);
    expect(seen[0]?.codes).toEqual([]);
    decoder.take({ luma: frameOf("b"), takenMs: 1_100 as BoottimeMs });
    expect(decoder.dropped).toBe(1);
    decoder.take({ luma: frameOf("c"), takenMs: 9_000 as BoottimeMs });
    await waitFor(() => seen.length === 2);
  });

  it("answers nothing once it is closed", async () => {
    const { decoder, seen } = open();
    decoder.take({ luma: frameOf("a"), takenMs: 0 as BoottimeMs });
    await decoder.close();
    decoder.take({ luma: frameOf("b"), takenMs: 1 as BoottimeMs });
    expect(seen).toEqual([]);
  });
});
