import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PartOptions } from "./part.ts";
import { repository } from "./repository.ts";

/** Debian's wrapper of libfaketime. */
const FAKETIME = "/usr/bin/faketime";

/** Why suites in which TLS must see another date cannot run here, or "". Goes into their titles. */
export const noFaketime: string = existsSync(FAKETIME) ? "" : "skipped: needs Debian's package faketime";

/** A program of the product for which it is so many days later: its clock runs on, its timers are as always. */
export function daysLater(days: number, { script = "", args = [] }: PartOptions): PartOptions {
  return {
    program: FAKETIME,
    args: ["-m", "-f", `+${days}d`, process.execPath, resolve(repository, script), ...args],
    env: { FAKETIME_DONT_FAKE_MONOTONIC: "1" },
    readyTimeoutMs: 60_000,
  };
}
