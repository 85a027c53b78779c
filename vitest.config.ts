import { defineConfig } from "vitest/config";

/** One project a kind of test; kinds that spawn processes or a browser get long time-outs. */
const QUICK = ["unit", "contract", "conformance", "architecture"];
/**
 * Files at a time. Integration tests wait for processes more than they work; a simulated day or a browser takes both cores of a small
 * machine for itself.
 */
const SLOW = { integration: 2, e2e: 1, browser: 1 };
const NIGHTLY = process.env["BLUEPOST_NIGHTLY"] !== undefined; // properties are then tried with many times more inputs
const setupFiles = ["test/support/property-setup.ts", "test/support/port-setup.ts"];
/** Runs in the guest of `npm run lab` only: a kernel with hardware to spare. */
const LAB = { lab: 1 };

export default defineConfig({
  test: {
    projects: [
      ...QUICK.map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          setupFiles,
          testTimeout: NIGHTLY ? 600_000 : 20_000,
          hookTimeout: 30_000,
        },
      })),
      ...Object.entries({ ...SLOW, ...LAB }).map(([name, maxWorkers], at) => ({
        test: {
          name,
          sequence: { groupOrder: at + 1 }, // one kind behind the other, the quick ones first
          include: [`test/${name}/**/*.test.ts`],
          setupFiles,
          testTimeout: NIGHTLY ? 1_800_000 : 300_000, // a hundred kills on a busy machine take more than five minutes
          hookTimeout: 120_000,
          maxWorkers,
          pool: "forks" as const,
        },
      })),
    ],
  },
});
