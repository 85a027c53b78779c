import type { Command } from "commander";
import type { SeqRange } from "../../protocol/checkin/receipt.ts";
import { DAY_MS } from "../../protocol/units.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { type Audit, type AuditStream, auditSpools } from "../audit/audit.ts";
import { spoolFile, spoolFilesIn } from "../spool/spool-file.ts";
import { type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

/** Registers `audit`. */
export function registerAuditCommand(program: Command): void {
  withConfig(program.command("audit"))
    .description("what each kiosk handed over on each day and what became of it; exit code 1 when anything is missing")
    .action(guarded(audit));
}

async function audit(flags: CommonFlags): Promise<number> {
  const config = configOf(flags);
  const files = new Set([spoolFile(config), ...(await spoolFilesIn(config.dataDir))]);
  const spools: Database[] = [];
  try {
    for (const file of files) spools.push(await Database.open({ file, readOnly: true }));
    const result = await auditSpools(...spools);
    const days = result.days.map((one) => ({ ...one, day: dateOf(one.day) }));
    print(flags, { ...result, days }, [...dayLines(result), "", ...verdict(result)]);
    return result.missing === 0 ? EXIT.ok : EXIT.failure;
  } finally {
    for (const spool of spools) await spool.close();
  }
}

function dayLines({ days }: Audit): readonly string[] {
  if (days.length === 0) return ["No kiosk has handed anything over yet."];
  const cell = (n: number): string => String(n).padStart(10);
  return [
    `${"day".padEnd(11)}${"kiosk".padEnd(33)}${"stream".padEnd(7)}${["received", "receipted", "refused", "waiting"].map((name) => name.padStart(10)).join("")}`,
    ...days.map(
      ({ day, device, stream, received, receipted, refused, waiting }) =>
        `${dateOf(day).padEnd(11)}${device.padEnd(33)}${stream.padEnd(7)}${[received, receipted, refused, waiting].map(cell).join("")}`,
    ),
  ];
}

function verdict({ streams, missing, quarantined }: Audit): readonly string[] {
  return [
    missing === 0 ? "0 missing." : `${missing} missing:`,
    ...streams.flatMap((one) => missingLines(one)),
    ...streams.flatMap(({ device, epoch, stream, tombstoned }) =>
      tombstoned.map((range) => `  ${device} ${epoch} ${stream}: ${rangeOf(range)} given up by the kiosk (tombstone)`),
    ),
    ...streams.flatMap((one) => rejectedLines(one)),
    ...quarantined.map(({ device, reason, n }) => `  ${device}: ${n} messages put aside here (${reason})`),
  ];
}

function missingLines({ device, epoch, stream, missing }: AuditStream): readonly string[] {
  const where = "never came in: still on the kiosk (`bluepost-kiosk outbox ls`), or lost with its card";
  return missing.map((range) => `  ${device} ${epoch} ${stream}: ${rangeOf(range)} ${where}`);
}

function rejectedLines({ device, epoch, stream, rejected }: AuditStream): readonly string[] {
  const reasons = new Map<string, number[]>();
  for (const [seq, reason] of rejected) reasons.set(reason, [...(reasons.get(reason) ?? []), seq]);
  return [...reasons].map(
    ([reason, seqs]) =>
      `  ${device} ${epoch} ${stream}: ${seqs.length} put aside by the engine (${reason}), from ${seqs[0]} to ${seqs.at(-1)}`,
  );
}

function rangeOf([from, to]: SeqRange): string {
  return from === to ? `row ${from}` : `rows ${from} to ${to}`;
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
