import { runScenario } from "../../sim/scenario/run-scenario.ts";
import { passed } from "../../sim/scenario/scenario-report.ts";
import { firstDay } from "../../sim/scenarios/first-day.ts";
import { type BenchOptions, type BenchReport, table } from "./kit.ts";
import { measureWireSpeed } from "./wire-load.ts";

/**
 * How much faster than real time the simulator lives through a day of a town (L1: every part's code, in one process), and through
 * seconds of a room full of beacons (wire level: every packet, through the real drivers).
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const size = quick ? { kiosks: 3, people: 100 } : { kiosks: 20, people: 2_000 };
  const { report } = await runScenario(firstDay, { seed: "bench", ...size });
  progress(`${report.stays} stays in ${report.timing.wallSeconds} s`);
  const wire = await measureWireSpeed({ seconds: quick ? 5 : 30 });
  const result = {
    speedup: report.timing.speedup,
    kiosks: report.kiosks,
    people: report.people,
    stays: report.stays,
    wallSeconds: report.timing.wallSeconds,
    holds: passed(report),
    wireSpeedup: Math.round(wire.wireSpeedup * 100) / 100,
    beacons: wire.beacons,
    reportsPerSecond: Math.round(wire.reportsPerSecond),
    heardShare: Math.round(wire.heardShare * 10_000) / 10_000,
  };
  const rows: [string, string][] = [
    [`${report.kiosks} kiosks, ${report.people} people, one day`, String(result.speedup)],
    [`one kiosk, ${wire.beacons} beacons, every packet`, String(result.wireSpeedup)],
  ];
  return { rows: table(["times real time", ""], rows), result };
}
