import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openRadio, type Radio } from "../../../firmware/rpi/open-radio.ts";
import { ProcessBeacon, ProcessObserver } from "../../../firmware/rpi/radio/process-radio.ts";
import { RadioSupervisor } from "../../../firmware/rpi/radio/radio-supervisor.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { packageFile } from "../../../runtime/package-paths.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { HciServer } from "../../../sim/air/hci-server.ts";
import { describeBeaconRx, describeBeaconTx } from "../../contract/firmware/beacon.contract.ts";
import { adapter, Speaker, speakerPower, testAir } from "../../support/air.ts";
import { waitFor } from "../../support/wait-for.ts";

// The kiosk's side of the radio process, which is the untouched product on the simulator's adapters.
const air = testAir({ rssi: speakerPower });
const dev = adapter(air, 0);
const server = new HciServer((name) => (name === "door" ? dev : null));
const folder = mkdtempSync(join(tmpdir(), "bluepost-"));
const payload = Uint8Array.of(2, 1, 6, 4, 0xff, 0xff, 0xff, 7);
const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
const deps = { timers: systemTimers, logger: silentLogger, boottime };

beforeAll(async () => {
  const path = join(folder, "air.sock");
  await server.listen(path);
  process.env["BLUEPOST_SIM_AIR"] = path;
  process.env["BLUEPOST_SIM_HCI"] = "door";
  process.env["NODE_OPTIONS"] = `--import=${packageFile("dist/sim/preload/bluetooth.js")}`;
});

afterAll(async () => {
  for (const name of ["BLUEPOST_SIM_AIR", "BLUEPOST_SIM_HCI", "NODE_OPTIONS"]) delete process.env[name];
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function radioFor(choice: { readonly sendAdapter: number | null; readonly listenAdapter: number | null }): Radio {
  const radio = openRadio(choice, deps);
  onTestFinished(() => radio.close());
  return radio;
}

const takes = (radio: Radio): Promise<boolean> =>
  (radio.beacon?.advertise(payload) ?? Promise.reject(new Error("no beacon"))).then(
    () => true,
    () => false,
  );

describe("the radio process", () => {
  it("comes back by itself when it was killed, and advertises and listens as before", async () => {
    const radio = radioFor({ sendAdapter: 0, listenAdapter: 0 });
    await waitFor(() => takes(radio));
    expect(dev.controller.advertiser.onAir).toEqual(payload);
    const end = new AbortController();
    onTestFinished(() => end.abort());
    const heard: Uint8Array[] = [];
    void (async () => {
      for await (const one of radio.observer?.sightings(end.signal) ?? []) heard.push(one.payload);
    })();
    await waitFor(() => dev.controller.listener.scanning);
    const { pid } = radio;
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor(() => !radio.beacon?.status().present && radio.pid !== pid);
    await waitFor(() => takes(radio), { what: "a new process that advertises" });
    expect(dev.controller.advertiser.onAir).toEqual(payload);
    const speaker = new Speaker(air);
    onTestFinished(() => air.leave(speaker));
    await waitFor(() => {
      speaker.say(Uint8Array.of(2, 1, 6), Uint8Array.of(0xc0, 1, 2, 3, 4, 5));
      return heard.length > 0;
    });
  });

  it("is killed and started again when it hangs", async () => {
    const supervisor = new RadioSupervisor({
      ...{ sendAdapter: 0, listenAdapter: null, timers: systemTimers, logger: silentLogger },
      monotonicMs: () => performance.now() * 5, // so that ten seconds of silence are two
    });
    onTestFinished(() => supervisor.close());
    supervisor.open();
    await waitFor(() => supervisor.status.beacon.present || !/starting/.test(supervisor.status.beacon.reason));
    const { pid } = supervisor;
    process.kill(pid ?? 0, "SIGSTOP");
    await waitFor(() => supervisor.pid !== null && supervisor.pid !== pid, { what: "another process" });
  });

  it("says that there is no such adapter, and does not start again at once", async () => {
    const radio = radioFor({ sendAdapter: 3, listenAdapter: null });
    const status = await waitFor(() => {
      const now = radio.beacon?.status();
      return now && !now.present && /adapter/.test(now.reason) ? now : null;
    });
    expect(status.present ? "" : status.reason).toBe(
      "no Bluetooth adapter; plug one in, or switch on the one of the board",
    );
    await waitFor(() => radio.pid === null);
    await expect(radio.beacon?.advertise(payload)).rejects.toThrow(expect.objectContaining({ code: "FW_RADIO_LOST" }));
  });

  it("is silent and gone when it was closed", async () => {
    const radio = radioFor({ sendAdapter: 0, listenAdapter: null });
    await waitFor(() => takes(radio));
    await radio.close();
    await radio.close();
    await waitFor(() => !dev.controller.advertiser.on && dev.attached === 0);
    expect(radio.pid).toBeNull();
  });

  it("has nothing to start when no adapter is configured", async () => {
    const radio = radioFor({ sendAdapter: null, listenAdapter: null });
    expect([radio.beacon, radio.observer, radio.pid]).toEqual([null, null, null]);
  });
});

describe("the port over the radio process", () => {
  let supervisor: RadioSupervisor;
  beforeAll(() => {
    supervisor = new RadioSupervisor({
      ...{ sendAdapter: 0, listenAdapter: 0, timers: systemTimers, logger: silentLogger },
      monotonicMs: () => performance.now(),
    });
    supervisor.open();
  });
  afterAll(() => supervisor.close());

  describeBeaconTx("radio process", async () => {
    dev.up();
    const tx = new ProcessBeacon(supervisor);
    await waitFor(() => supervisor.status.observer.present);
    return {
      tx,
      onAir: () => dev.controller.advertiser.onAir,
      unplug: () => dev.down(),
      plug: () => dev.up(),
      close: () => {},
    };
  });

  describeBeaconRx("radio process", async () => {
    dev.up();
    const rx = new ProcessObserver(supervisor, boottime);
    await waitFor(() => rx.status().present);
    const speaker = new Speaker(air);
    return {
      rx,
      listens: () => dev.controller.listener.scanning,
      tolerance: 0,
      say: ({ payload: said, rssi, address }) => {
        speaker.rssi = rssi;
        speaker.say(said, address);
      },
      unplug: () => dev.down(),
      plug: () => dev.up(),
      close: () => air.leave(speaker),
    };
  });
});
