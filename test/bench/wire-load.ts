import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRadio } from "../../firmware/rpi/open-radio.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { packageFile } from "../../runtime/package-paths.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { Air } from "../../sim/air/air.ts";
import { Controller } from "../../sim/air/controller.ts";
import { HciDev } from "../../sim/air/hci-dev.ts";
import { HciServer } from "../../sim/air/hci-server.ts";
import { createPropagation } from "../../sim/air/propagation.ts";
import { reportsOf } from "../../sim/air/reports.ts";
import { ScriptedDevice } from "../../sim/air/scripted-device.ts";
import { eventLoopTurn, SteppedClock } from "../../sim/clock.ts";
import { createRng } from "../../sim/rng.ts";

const BEACONS = 200;
const INTERVAL_MS = 100;
const STEP_MS = 20;
const LAST_WORDS_MS = 20_000;

/** What the wire level costs. */
export interface WireSpeed {
  /** Simulated seconds per second of this machine. */
  readonly wireSpeedup: number;
  readonly beacons: number;
  /** Advertising reports that the controller gave to the kiosk's drivers, per simulated second. */
  readonly reportsPerSecond: number;
  /** Part of these that arrived at the kiosk's port; must be 1. */
  readonly heardShare: number;
}

/**
 * One kiosk's real radio process, with real noble, among 200 beacons that each send every 100 ms: every packet is simulated, with
 * collisions, and crosses a socket as HCI. Simulated time runs as fast as the machine lets it.
 */
export async function measureWireSpeed({ seconds }: { readonly seconds: number }): Promise<WireSpeed> {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-wire-"));
  const { clock, dev } = crowdedRoom();
  const server = new HciServer(() => dev);
  const path = join(folder, "air.sock");
  await server.listen(path);
  const radio = withEnvironment(path, () =>
    openRadio(
      { sendAdapter: null, listenAdapter: 0 },
      { timers: systemTimers, logger: silentLogger, boottime: () => Math.floor(performance.now()) as BoottimeMs },
    ),
  );
  let heard = 0;
  const end = new AbortController();
  const listening = (async () => {
    for await (const { folded } of radio.observer?.sightings(end.signal) ?? []) heard += folded?.n ?? 1;
  })();
  let sent = 0;
  while (!dev.controller.listener.scanning) await step(clock);
  dev.watch((packet) => {
    sent += reportsOf(packet).filter(({ isScanResponse }) => !isScanResponse).length;
  });
  const before = heard;
  const startMs = performance.now();
  for (let at = 0; at < 1_000 * seconds; at += STEP_MS) await step(clock);
  // the drivers must have digested all of it before the time counts as simulated
  while (heard - before < sent && performance.now() - startMs < 1_000 * seconds + LAST_WORDS_MS) await eventLoopTurn();
  const tookMs = performance.now() - startMs;
  end.abort();
  await listening;
  await radio.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  return {
    wireSpeedup: (1_000 * seconds) / tookMs,
    beacons: BEACONS,
    reportsPerSecond: sent / seconds,
    heardShare: Math.min(1, (heard - before) / sent),
  };
}

function crowdedRoom(): { clock: SteppedClock; dev: HciDev } {
  const clock = new SteppedClock();
  const rng = createRng("wire");
  const air = new Air({ clock, rng, propagation: createPropagation(rng.fork("paths")) });
  const dev = new HciDev(new Controller(air, { name: "kiosk", address: "00:1b:dc:00:00:01" }));
  for (let n = 0; n < BEACONS; n += 1) {
    const position = { x: rng.next() * 20, y: rng.next() * 20 };
    const address = `00:1b:dc:01:00:${n.toString(16).padStart(2, "0")}`;
    const beacon = new ScriptedDevice(new Controller(air, { name: `beacon-${n}`, address, position }));
    beacon.advertise({ payload: Uint8Array.from([2, 1, 6, 26, 0xff, ...rng.bytes(25)]), intervalMs: INTERVAL_MS });
  }
  return { clock, dev };
}

async function step(clock: SteppedClock): Promise<void> {
  clock.step(STEP_MS);
  await eventLoopTurn();
}

/** The radio process inherits its environment when it is started. */
function withEnvironment<Value>(air: string, start: () => Value): Value {
  const added = {
    BLUEPOST_SIM_AIR: air,
    BLUEPOST_SIM_HCI: "kiosk",
    NODE_OPTIONS: `--import=${packageFile("dist/sim/preload/bluetooth.js")}`,
  };
  const before = process.env;
  process.env = { ...before, ...added };
  try {
    return start();
  } finally {
    process.env = before;
  }
}
