import { EXIT } from "../../runtime/lifecycle.ts";
import type { EngineStats } from "../app.ts";
import { hasEngineKeys, loadEngineKeys } from "../keys/engine-keys.ts";
import { askReady, type Serving } from "./ask-ready.ts";
import { type CommonFlags, configOf, print, withEngine } from "./flags.ts";

/** Counts what the store holds. @returns 0 */
export async function showStats(flags: CommonFlags): Promise<number> {
  const stats = await withEngine(flags, (engine) => engine.stats());
  print(flags, stats, statsLines(stats));
  return EXIT.ok;
}

function statsLines(stats: EngineStats): readonly string[] {
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([reason, n]) => `${reason} ${n}`)
      .join(", ") || "none";
  return [
    `devices        ${stats.devices}, in ${stats.streams} streams, ${stats.batches} batches`,
    `rows           ${stats.rows}, ${stats.annulled} annulled, ${stats.timeUnknown} of unknown time, ${stats.heard} heard by radio`,
    `persons        ${stats.persons}`,
    `visits         ${stats.visits}, ${stats.undatedVisits} without a time, ${stats.pending} persons still to be built`,
    `cases          ${stats.cases}`,
    `dead letters   ${counted(stats.deadLetters)}`,
    `rows rejected  ${counted(stats.rejected)}`,
    `forks          ${stats.forks.map((one) => `${one.site}/${one.device}/${one.stream} ${one.batches}`).join(", ") || "none"}`,
    `gaps           ${stats.gaps.map((one) => `${one.site}/${one.device}/${one.stream} after ${one.upto}`).join(", ") || "none"}`,
    `unknown venues ${stats.unknownVenues.join(", ") || "none"}`,
  ];
}

/**
 * Asks the engine at the configured address, the way it is configured to serve.
 *
 * @throws {EngineKeysError} ENGINE_KEYS when it serves HTTPS and the authority's root cannot be read
 */
export async function servingOf(flags: CommonFlags): Promise<Serving> {
  const { listen, dataDir } = configOf(flags);
  const host = listen.host === "0.0.0.0" || listen.host === "::" ? "127.0.0.1" : listen.host;
  if (!listen.tls) return askReady(host, listen.port, null);
  if (!(await hasEngineKeys(dataDir))) return "down"; // whatever answers there is not of this authority
  return askReady(host, listen.port, (await loadEngineKeys(dataDir)).root.certificatePem);
}

/** Says whether the service runs, and what it holds. @returns 0, or 69 when none answers or its store takes no writes */
export async function showStatus(flags: CommonFlags): Promise<number> {
  const { listen } = configOf(flags);
  const serving = await servingOf(flags);
  const where = `on ${listen.host}, port ${listen.port}`;
  if (serving === "down") {
    print(flags, { running: false }, [`No engine answers ${where}.`, "Start one with: bluepost-engine start"]);
    return EXIT.unavailable;
  }
  if (serving === "unready") {
    const found = [
      `An engine runs ${where}, but its store takes no writes.`,
      "Look at its log and at: bluepost-engine doctor",
    ];
    print(flags, { running: true, ready: false }, found);
    return EXIT.unavailable;
  }
  const stats = await withEngine(flags, (engine) => engine.stats());
  print(flags, { running: true, ...stats }, [`running        ${where}`, ...statsLines(stats)]);
  return EXIT.ok;
}
