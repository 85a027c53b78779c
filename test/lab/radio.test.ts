import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openRadio, type Radio } from "../../firmware/rpi/open-radio.ts";
import type { BoottimeMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { systemTimers } from "../../runtime/timers.ts";
import { Controller } from "../../sim/air/controller.ts";
import { GattPhone } from "../../sim/air/gatt-phone.ts";
import { ScriptedDevice } from "../../sim/air/scripted-device.ts";
import { VhciAdapter } from "../../sim/air/vhci.ts";
import { Speaker, speakerPower, testAir } from "../support/air.ts";
import { waitFor } from "../support/wait-for.ts";

// The product's radio process on the kernel's own AF_BLUETOOTH, with the real native socket: only the chip is ours.
const air = testAir({ rssi: speakerPower });
const chip = new Controller(air, { name: "door", address: "00:1b:dc:00:00:01" });
const payload = Uint8Array.of(2, 1, 6, 4, 0xff, 0xff, 0xff, 7);
const SLOW = { timeoutMs: 30_000, everyMs: 200 };
/** The kernel sets a bit here when it warns or breaks. */
const tainted = readFileSync("/proc/sys/kernel/tainted", "utf8").trim();
let vhci: VhciAdapter;
let device: number;
let radio: Radio;

/** The kernel sets the chip up in this call: it must not block this process, which is the chip. */
const hciUp = (): Promise<unknown> =>
  promisify(execFile)(join(process.env["BLUEPOST_LAB"] ?? "", "hci-up"), [String(device)]);
const takes = (): Promise<boolean> =>
  (radio.beacon?.advertise(payload) ?? Promise.reject(new Error("no beacon"))).then(
    () => true,
    () => false,
  );

beforeAll(async () => {
  ({ adapter: vhci, device } = await VhciAdapter.open(chip));
  await hciUp();
  const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
  const deps = { timers: systemTimers, logger: silentLogger, boottime };
  radio = openRadio({ sendAdapter: device, listenAdapter: device }, deps);
});

afterAll(async () => {
  await radio?.close();
  vhci?.close();
});

describe("the radio process on a kernel's own Bluetooth", () => {
  it("advertises the exact bytes, and the controller says that it does", async () => {
    await waitFor(takes, SLOW);
    expect(chip.advertiser.onAir).toEqual(payload);
    expect(radio.beacon?.status().present).toBe(true);
  });

  it("listens on the same adapter, hears exact bytes and power, and goes on advertising", async () => {
    const speaker = new Speaker(air);
    speaker.rssi = -67;
    const end = new AbortController();
    onTestFinished(() => {
      end.abort();
      air.leave(speaker);
    });
    const heard: string[] = [];
    void (async () => {
      for await (const { payload: said, rssi } of radio.observer?.sightings(end.signal) ?? [])
        heard.push(`${Buffer.from(said).toString("hex")} ${rssi}`);
    })();
    await waitFor(() => {
      speaker.say(Uint8Array.of(2, 1, 4), Uint8Array.of(0xc0, 1, 2, 3, 4, 5));
      return heard.length > 0;
    }, SLOW);
    expect(new Set(heard)).toEqual(new Set(["020104 -67"]));
    expect(chip.advertiser.onAir).toEqual(payload);
  });

  it("cannot be connected to, and the kernel has nothing to complain of", async () => {
    const phone = new GattPhone(new Controller(air, { name: "phone", address: "00:1b:dc:00:01:01" }));
    const ear = new ScriptedDevice(new Controller(air, { name: "ear", address: "00:1b:dc:00:01:02" }));
    onTestFinished(() => {
      phone.device.close();
      ear.close();
    });
    let heard = 0;
    ear.onReport = () => {
      heard += 1;
    };
    ear.listen();
    phone.connect(chip.publicAddress);
    await waitFor(() => heard >= 10, SLOW);
    expect([phone.connected, chip.advertiser.onAir]).toEqual([0, payload]);
    expect(readFileSync("/proc/sys/kernel/tainted", "utf8").trim()).toBe(tainted);
  });

  it("comes back when its process was killed", async () => {
    const { pid } = radio;
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor(() => radio.pid !== null && radio.pid !== pid, SLOW);
    await waitFor(takes, SLOW);
    expect(chip.advertiser.onAir).toEqual(payload);
  });
});
