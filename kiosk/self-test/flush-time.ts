import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";

/** How long a card takes to flush one page, milliseconds. */
export interface FlushTime {
  readonly medianMs: number;
  readonly slowestMs: number;
}

/** A flush of a sound card takes some milliseconds; beyond this a visitor notices. */
export const SLOW_FLUSH_MS = 250;
const FLUSHES = 8;
const PAGE_BYTES = 4_096;

/** Writes and flushes a page some times in a folder of its own below `dataDir`, and removes it. @throws what the file system says */
export async function measureFlush(dataDir: string): Promise<FlushTime> {
  const folder = await mkdtemp(join(dataDir, ".self-test-"));
  try {
    const times = (await timeFlushes(join(folder, "flush"))).toSorted((a, b) => a - b);
    return { medianMs: times[Math.floor(FLUSHES / 2)] ?? 0, slowestMs: times.at(-1) ?? 0 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeFlushes(file: string): Promise<readonly number[]> {
  const handle = await open(file, "w");
  const times: number[] = [];
  try {
    for (let round = 0; round < FLUSHES; round += 1) {
      const startedMs = performance.now();
      await handle.write(Buffer.alloc(PAGE_BYTES, round));
      await handle.datasync();
      times.push(performance.now() - startedMs);
    }
  } finally {
    await handle.close();
  }
  return times;
}
