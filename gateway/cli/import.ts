import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import {
  decodeStickFile,
  encodeStickFile,
  OUTBOX_SUFFIX,
  RECEIPTS_SUFFIX,
  type StickFile,
} from "../../protocol/checkin/outbox-file.ts";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { writeFileSafely } from "../../runtime/safe-file.ts";
import type { ImportOutcome } from "../spool/import-desk.ts";
import { type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

/** No gateway answers on this machine; only the running one may write its spool. */
export class GatewayNotRunningError extends BluepostError {
  readonly code = "GW_NOT_RUNNING";
  readonly recovery = "retry";
}

interface Tally {
  readonly file: string;
  readonly device: DeviceId | null;
  readonly counts: Readonly<Record<string, number>>;
}

/** Registers `import`. */
export function registerImport(program: Command): void {
  withConfig(program.command("import <dir>"))
    .description("take check-ins in that `kiosk outbox export` wrote to a USB stick; doing it twice changes nothing")
    .action(guarded(importStick));
}

async function importStick(dir: string, flags: CommonFlags): Promise<number> {
  const url = `http://127.0.0.1:${configOf(flags).http.port}/stick`;
  const names = (await readdir(dir)).filter((name) => name.endsWith(OUTBOX_SUFFIX)).sort();
  const tallies: Tally[] = [];
  const kiosks = new Map<DeviceId, SiteId>();
  for (const name of names) {
    const file = await open(join(dir, name));
    tallies.push({
      file: name,
      device: file?.device ?? null,
      counts: file ? await send(url, file) : { unreadable: 1 },
    });
    if (file) kiosks.set(file.device, file.site);
  }
  const receipts = [];
  for (const [device, site] of kiosks) if (await writeReceipts(url, { dir, device, site })) receipts.push(device);
  const isGood = tallies.every(({ counts }) => Object.keys(counts).every((kind) => /^(stored|duplicate)$/.test(kind)));
  print(flags, { files: tallies, receipts }, describe(tallies, receipts));
  return isGood ? EXIT.ok : EXIT.failure;
}

async function open(path: string): Promise<StickFile | null> {
  try {
    const file = decodeStickFile(new Uint8Array(await readFile(path)));
    return file.kind === "outbox" ? file : null;
  } catch (fault) {
    if (!(fault instanceof BluepostError)) throw fault;
    return null; // counted as unreadable; the other files go on
  }
}

async function send(url: string, { messages }: StickFile): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const message of messages) {
    const init = { method: "POST", headers: { "content-type": "application/cose" }, body: Buffer.from(message) };
    const outcome = await ask<ImportOutcome>(`${url}/batch`, init);
    const kind = outcome?.kind === "refused" ? `refused_${outcome.reason}` : (outcome?.kind ?? "refused_too_long");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Puts what the engine has confirmed so far beside the batches, for the way back. @returns whether there is any */
async function writeReceipts(
  url: string,
  to: { readonly dir: string; readonly device: DeviceId; readonly site: SiteId },
): Promise<boolean> {
  const receipts = (await ask<readonly string[]>(`${url}/receipts/${to.device}`)) ?? [];
  if (receipts.length === 0) return false;
  const messages = receipts.map((text) => new Uint8Array(Buffer.from(text, "base64")));
  const file = encodeStickFile({ kind: "receipts", site: to.site, device: to.device, messages });
  await writeFileSafely(join(to.dir, `${to.device}${RECEIPTS_SUFFIX}`), file);
  return true;
}

/** @returns null when the gateway takes no such message @throws {GatewayNotRunningError} GW_NOT_RUNNING */
async function ask<Answer>(url: string, init: RequestInit = {}): Promise<Answer | null> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) }).catch((cause: unknown) => {
    throw new GatewayNotRunningError("no gateway answers on this machine; start it first", {}, { cause });
  });
  return response.ok ? ((await response.json()) as Answer) : null;
}

function describe(tallies: readonly Tally[], receipts: readonly DeviceId[]): readonly string[] {
  if (tallies.length === 0) return ["There is nothing to import here: no file ends with .bpout"];
  return [
    ...tallies.map(({ file, counts }) => {
      const parts = Object.entries(counts).map(([kind, n]) => `${n} ${kind.replaceAll("_", " ")}`);
      return `${file}: ${parts.join(", ")}`;
    }),
    receipts.length > 0
      ? `Receipts for ${receipts.join(", ")} are on the stick. Back at the kiosk: bluepost-kiosk outbox import DIR`
      : "No receipts yet: the engine has not answered. Run this again later to carry them back.",
  ];
}
