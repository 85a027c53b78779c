import fc from "fast-check";
import { expect, it } from "vitest";
import { FlushQueue } from "../../../../runtime/sqlite/flush-queue.ts";

/** A disk that counts what was written before each flush began, and ends flushes when told to. */
function slowDisk(): {
  readonly queue: FlushQueue;
  write(): number;
  endFlush(fault?: Error): Promise<void>;
  readonly safe: number;
  readonly flushes: number;
} {
  let [written, safe, flushes] = [0, 0, 0];
  let end: ((fault?: Error) => void) | null = null;
  const queue = new FlushQueue(() => {
    const upto = written;
    flushes += 1;
    return new Promise((resolve, reject) => {
      end = (fault) => {
        end = null;
        if (fault) reject(fault);
        else {
          safe = upto;
          resolve();
        }
      };
    });
  });
  return {
    queue,
    write() {
      queue.written();
      written += 1;
      return written;
    },
    async endFlush(fault) {
      end?.(fault);
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
    get safe() {
      return safe;
    },
    get flushes() {
      return flushes;
    },
  };
}

it("says of nothing that it is on the disk before a flush that began after it has ended", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom("write", "flush"), { maxLength: 40 }), async (steps) => {
      const disk = slowDisk();
      const promised: Promise<void>[] = [];
      for (const step of steps) {
        if (step === "flush") await disk.endFlush();
        else {
          const place = disk.write();
          promised.push(disk.queue.covered().then(() => expect(disk.safe).toBeGreaterThanOrEqual(place)));
        }
      }
      for (let at = 0; at < 2; at += 1) await disk.endFlush();
      await Promise.all(promised);
    }),
  );
});

it("shares one flush among all that wait for the one before it", async () => {
  const disk = slowDisk();
  const waiting = Array.from({ length: 10 }, () => {
    disk.write();
    return disk.queue.covered();
  });
  await disk.endFlush();
  await disk.endFlush();
  await Promise.all(waiting);
  expect(disk.flushes).toBe(2);
});

it("flushes nothing when nothing was written", async () => {
  const disk = slowDisk();
  await disk.queue.covered();
  expect(disk.flushes).toBe(0);
});

it("tells everybody who waits that a flush failed", async () => {
  const disk = slowDisk();
  disk.write();
  const results = Promise.allSettled([disk.queue.covered(), disk.queue.covered()]);
  await disk.endFlush(new Error("input/output error"));
  expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
