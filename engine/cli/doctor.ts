import { statfs } from "node:fs/promises";
import { BluepostError } from "../../protocol/errors.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import type { EngineConfig } from "../config.ts";
import { hasEngineKeys, loadEngineKeys } from "../keys/engine-keys.ts";
import { isThere } from "../keys/key-files.ts";
import { storeFile } from "../store/open-store.ts";
import type { Serving } from "./ask-ready.ts";
import { type CommonFlags, configOf, print } from "./flags.ts";
import { servingOf } from "./status.ts";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly note: string;
}

const LOW_DISK_BYTES = 1_000_000_000;

/** Checks what an engine needs; says how to mend what is wrong. @returns 0 when all is well, else 1 */
export async function doctor(flags: CommonFlags): Promise<number> {
  const config = configOf(flags);
  const findings = [
    await checkKeys(config),
    await checkStore(config),
    await checkDisk(config),
    await checkService(flags, config),
  ];
  const ok = findings.every((finding) => finding.ok);
  const lines = findings.map((one) => `${one.ok ? "ok  " : "BAD "} ${one.what}: ${one.note}`);
  print(flags, { ok, findings }, lines);
  return ok ? EXIT.ok : EXIT.failure;
}

const SERVING: Readonly<Record<Serving, (port: number) => string>> = {
  ready: (port) => `answers on port ${port}`,
  unready: (port) => `answers on port ${port}, but its store takes no writes: look at its log, and at the disk`,
  down: (port) => `does not answer on port ${port}: bluepost-engine start`,
};

async function checkService(flags: CommonFlags, { listen }: EngineConfig): Promise<Finding> {
  const what = "service";
  try {
    const serving = await servingOf(flags);
    return { what, ok: serving === "ready", note: SERVING[serving](listen.port) };
  } catch (fault) {
    return { what, ok: false, note: fault instanceof BluepostError ? fault.message : "cannot be asked" };
  }
}

async function checkKeys({ dataDir }: EngineConfig): Promise<Finding> {
  const what = "keys";
  try {
    if (!(await hasEngineKeys(dataDir))) return { what, ok: false, note: "not there; they are made at first start" };
    await loadEngineKeys(dataDir);
    return { what, ok: true, note: "complete, and closed to others" };
  } catch (fault) {
    const file = fault instanceof BluepostError ? fault.details["file"] : undefined;
    const where = file === undefined ? "" : ` (${file})`;
    return { what, ok: false, note: `${fault instanceof BluepostError ? fault.message : "cannot be read"}${where}` };
  }
}

async function checkStore({ dataDir }: EngineConfig): Promise<Finding> {
  const what = "store";
  const file = storeFile(dataDir);
  try {
    if (!(await isThere(file))) return { what, ok: false, note: `${file} is not there; it is made at first start` };
    const database = await Database.open({ file, readOnly: true });
    try {
      const row = await database.get<{ quick_check: string }>("PRAGMA quick_check(1)");
      const sound = row?.quick_check === "ok";
      return { what, ok: sound, note: sound ? "sound" : "DAMAGED: stop the engine and keep the file" };
    } finally {
      await database.close();
    }
  } catch (fault) {
    return { what, ok: false, note: fault instanceof BluepostError ? fault.message : "cannot be read" };
  }
}

async function checkDisk({ dataDir }: EngineConfig): Promise<Finding> {
  const what = "disk";
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const ok = bavail * bsize > LOW_DISK_BYTES;
    const note = `${Math.round((bavail * bsize) / 1e6)} MB free in ${dataDir}`;
    return { what, ok, note: ok ? note : `${note}; make room` };
  } catch {
    return { what, ok: false, note: `${dataDir} is not there; it is made at first start` };
  }
}
