import { defineConfig } from "vitest/config";

/** One project a kind of test; kinds that spawn processes or a browser get long time-outs and run one file at a time. */
const QUICK = ["unit", "contract", "conformance", "architecture"];
const SLOW = ["integration", "e2e", "browser"];
const NIGHTLY = process.env["BLUEPOST_NIGHTLY"] !== undefined; // properties are then tried with many times more inputs
const setupFiles = ["test/support/property-setup.ts"];
/** Runs in the guest of `npm run lab` only: a kernel with hardware to spare. */
const LAB = ["lab"];

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
      ...[...SLOW, ...LAB].map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          setupFiles,
          testTimeout: NIGHTLY ? 1_800_000 : 300_000, // a hundred kills on a busy machine take more than five minutes
          hookTimeout: 120_000,
          fileParallelism: false,
          pool: "forks" as const,
        },
      })),
    ],
  },
});
