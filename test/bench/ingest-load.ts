/** One engine in a process of its own: real batches of many kiosks, sealed and signed beforehand, taken in as gateways post them. */
import { createEngine } from "../../engine/app.ts";
import type { WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { makeDevice, TEST_NOW } from "../support/batches.ts";
import { authorityOf, engineConfig } from "../support/engines.ts";
import type { IngestLoad, IngestLoadReport } from "./ingest-plan.ts";
import { freshInput } from "./kit.ts";

console.log(JSON.stringify(await measure(freshInput<IngestLoad>())));

async function measure(load: IngestLoad): Promise<IngestLoadReport> {
  const clock = { nowMs: TEST_NOW as number };
  const engine = await createEngine({
    config: engineConfig(load.folder),
    now: () => clock.nowMs as WallMs,
    log: silentLogger,
    crypto: nodeCrypto,
  });
  const authority = await authorityOf(engine);
  const sets: Uint8Array[][] = Array.from({ length: load.batches }, () => []);
  for (let number = 0; number < load.devices; number += 1) {
    const device = await makeDevice(authority, { device: `door-${number}`, nowMs: TEST_NOW });
    for (const [at, set] of sets.entries()) {
      const rows = Array.from({ length: load.rows }, (_, row) => draft(number, at * load.rows + row));
      set.push((await device.batch(rows)).bytes);
    }
  }
  clock.nowMs = TEST_NOW + sets.length * load.rows * 1_000;
  const records = sets.length * load.devices * load.rows;
  const warm = sets.slice(0, Math.ceil(sets.length / 4));
  for (const set of warm) await engine.ingest(set);
  const rest = sets.slice(warm.length);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    [0, 1].map(async (lane) => {
      for (let at = lane; at < rest.length; at += 2) await engine.ingest(rest[at] as Uint8Array[]);
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  const used = process.cpuUsage(cpu);
  const { rows: stored } = await engine.stats();
  await engine.close();
  const measured = rest.length * load.devices * load.rows;
  return { records, stored, measured, seconds, processorUs: (used.user + used.system) / measured };
}

/** Somebody comes or goes every second; each has a document of his own, as in a crowd. */
function draft(device: number, at: number): Parameters<Awaited<ReturnType<typeof makeDevice>>["batch"]>[0][number] {
  const person = String(device * 100_000 + (at >> 1)).padStart(10, "0");
  return {
    kind: at % 2 === 0 ? "in" : "out",
    wallMs: (TEST_NOW + at * 1_000) as WallMs,
    who: { scheme: "cccd", id: `09${person}` },
    contact: { name: "NGUYEN VAN AN", birthDate: "1990-01-31", phone: "0912345678", address: "Rach Gia, Kien Giang" },
  };
}
