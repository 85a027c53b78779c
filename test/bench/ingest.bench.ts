import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IngestLoad, IngestLoadReport } from "./ingest-plan.ts";
import { type BenchOptions, type BenchReport, runFresh, spread, table } from "./kit.ts";

const FULL = { rounds: 3, devices: 10, batches: 40, rows: 200 };
const QUICK = { rounds: 1, devices: 4, batches: 8, rows: 200 };

/**
 * Check-ins that one engine takes in a second: signatures and certificates checked, matching envelopes opened, rows committed with a
 * flush, receipts signed; batches of 200 rows, as a kiosk sends after an outage. Each round has a fresh process and folder.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const { rounds, ...size } = quick ? QUICK : FULL;
  const rates: number[] = [];
  const costs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), "bluepost-bench-"));
    try {
      const load: IngestLoad = { folder, ...size };
      const report = await runFresh<IngestLoadReport>("ingest-load", load);
      if (report.stored !== report.records) throw new Error(`stored ${report.stored} of ${report.records} rows`);
      rates.push(report.measured / report.seconds);
      costs.push(report.processorUs);
      progress(`round ${round + 1}/${rounds}: ${Math.round(report.measured / report.seconds)} records a second`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const [rate, cost] = [spread(rates), spread(costs)];
  return {
    rows: table(
      ["engine ingest", "median", "min", "max"],
      [
        ["records a second", rate.median, rate.min, rate.max],
        ["processor time a record, us", cost.median, cost.min, cost.max],
      ],
    ),
    result: {
      recordsPerSecond: Math.round(rate.median),
      processorUsPerRecord: Number(cost.median.toFixed(1)),
      rows: size.devices * size.batches * size.rows,
      rounds,
    },
  };
}
