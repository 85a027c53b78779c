import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { join } from "node:path";
import type { FunctionCheck } from "./service-manager.ts";

/** The disk below a service's data folder, as its watchdog looks at it; both throw for "no". */
export interface WatchedDisk {
  /** Asks without writing: EROFS after the kernel made a worn card read-only. */
  readonly requireWritable: () => Promise<void>;
  /** Writes a few bytes and flushes them: one flush of the disk. */
  readonly trialWrite: () => Promise<void>;
}

/** A trial write an hour costs a card about one hundredth of a day's check-ins and finds a dead one before the first visitor. */
const TRIAL_EVERY_MS = 3_600_000;

/** @param nowMs monotonic, milliseconds */
export function diskCheck(disk: WatchedDisk, nowMs: () => number): FunctionCheck {
  let trialMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (!(await succeeds(disk.requireWritable))) return "the disk has become read-only";
    const startedMs = nowMs();
    if (startedMs - trialMs < TRIAL_EVERY_MS) return null;
    if (!(await succeeds(disk.trialWrite))) return "the disk cannot be written";
    trialMs = startedMs;
    return null;
  };
}

/**
 * The check of a service whose rows lie in one store: the store, then its disk.
 *
 * @param answers asks the store; rejects when it is stuck, damaged, or promises nothing any more since a flush has failed
 */
export function storeCheck(answers: () => Promise<unknown>, disk: FunctionCheck): FunctionCheck {
  return async () => ((await succeeds(answers)) ? disk() : "the store does not answer");
}

/** The disk of a folder. A full one is no failure here: the ledger and the spool have their own answers to that. */
export function diskOf(folder: string): WatchedDisk {
  return {
    requireWritable: () => access(folder, constants.W_OK),
    trialWrite: () => overwrite(join(folder, "trial.bin")).catch(unlessFull),
  };
}

/** Over the same place of the same file, so that it costs no space. */
async function overwrite(file: string): Promise<void> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    await handle.write(Buffer.alloc(8), 0, 8, 0);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function unlessFull(fault: unknown): void {
  if (!(fault instanceof Error && "code" in fault && fault.code === "ENOSPC")) throw fault;
}

/** Whether an act resolves; what the fault was, the reason beside it says. */
export async function succeeds(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch {
    return false; // the answer, not a fault to pass on
  }
}
