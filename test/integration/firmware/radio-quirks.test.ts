import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { BlenoBeacon, type BlenoBeaconDeps } from "../../../firmware/rpi/radio/bleno-beacon.ts";
import { loadBleno, loadNoble } from "../../../firmware/rpi/radio/load-bluetooth.ts";
import { NobleObserver } from "../../../firmware/rpi/radio/noble-observer.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { ADVERTISING } from "../../../sim/air/air.ts";
import { Controller } from "../../../sim/air/controller.ts";
import { GattPhone } from "../../../sim/air/gatt-phone.ts";
import { commandPacket, OPCODE } from "../../../sim/air/hci.ts";
import { ScriptedDevice } from "../../../sim/air/scripted-device.ts";
import { adapter, hookDrivers, poweredOn, Speaker, speakerPower, testAir } from "../../support/air.ts";
import { waitFor } from "../../support/wait-for.ts";

// Each behaviour of the real drivers that would hurt a kiosk, with the guard against it. One adapter for both, as in a Pi.
const air = testAir({ rssi: speakerPower });
const dev = adapter(air, 0);
hookDrivers([dev]);
const bleno = loadBleno(0);
const noble = loadNoble(0);
if (bleno.kind !== "loaded" || noble.kind !== "loaded") throw new Error("noble and bleno are not installed");

const payload = Uint8Array.of(2, 1, 6, 4, 0xff, 0xff, 0xff, 7);
const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;

async function openBeacon(deps: Partial<BlenoBeaconDeps> = {}): Promise<BlenoBeacon> {
  const { driver } = bleno as Extract<typeof bleno, { kind: "loaded" }>;
  const beacon = new BlenoBeacon(driver, { timers: systemTimers, askMs: 50, ...deps });
  beacon.open();
  onTestFinished(() => beacon.close());
  await poweredOn(driver);
  return beacon;
}

async function openObserver(): Promise<{ observer: NobleObserver; heard: Uint8Array[] }> {
  const { driver } = noble as Extract<typeof noble, { kind: "loaded" }>;
  const observer = new NobleObserver(driver, { timers: systemTimers, boottime, rearmMs: 300 });
  observer.open();
  await waitFor(() => observer.status().present);
  const heard: Uint8Array[] = [];
  const end = new AbortController();
  const reading = (async () => {
    for await (const sighting of observer.sightings(end.signal)) heard.push(sighting.payload);
  })();
  onTestFinished(async () => {
    end.abort();
    await reading;
  });
  await waitFor(() => dev.controller.listener.scanning);
  return { observer, heard };
}

beforeEach(() => dev.up());

describe("the beacon", () => {
  it("goes on when listening starts on the same adapter", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    await openObserver();
    expect(dev.controller.advertiser.on).toBe(true);
    expect(dev.controller.commands.get(OPCODE.reset)).toBeUndefined();
    expect(beacon.status().present).toBe(true);
  });

  it("notices a controller that forgot everything without a word", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    dev.controller.fault("silent-reset");
    await waitFor(() => !beacon.status().present);
    await beacon.advertise(payload);
    expect(beacon.status().present).toBe(true);
  });

  it("notices a reset by another program on the same adapter", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    const other = { filter: null, deliver: () => {}, changed: () => {} };
    dev.send(other, commandPacket(OPCODE.reset));
    await waitFor(() => !beacon.status().present);
  });

  it("believes the controller that it advertises, and asks without disturbing it", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    const asked = (): number => dev.controller.commands.get(OPCODE.leSetAdvertisingParameters) ?? 0;
    const before = asked();
    await waitFor(() => asked() >= before + 3);
    expect(beacon.status().present).toBe(true);
    expect(dev.controller.advertiser.on).toBe(true);
  });

  it("tells a refusal, which bleno keeps from the one that asked", async () => {
    const beacon = await openBeacon();
    await beacon.stop();
    dev.controller.advertiser.enable = () => 0x0c;
    await expect(beacon.advertise(payload)).rejects.toThrow(expect.objectContaining({ code: "FW_RADIO_LOST" }));
    expect(beacon.status().present).toBe(false);
    dev.controller.forget();
  });

  it("cannot be connected to, though bleno's own advertisement can", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    const phone = new GattPhone(new Controller(air, { name: "phone", address: "00:1b:dc:00:01:01" }));
    const ear = new ScriptedDevice(new Controller(air, { name: "ear", address: "00:1b:dc:00:01:03" }));
    onTestFinished(() => {
      phone.device.close();
      ear.close();
    });
    const types: number[] = [];
    ear.onReport = ({ type }) => types.push(type);
    ear.listen({ active: true });
    phone.connect(dev.controller.publicAddress);
    await waitFor(() => types.length >= 5);
    expect(new Set(types)).toEqual(new Set([ADVERTISING.silent]));
    expect(phone.connected).toBe(0);
  });

  it("drops a central at once, whatever its handle, and is heard again", async () => {
    const beacon = await openBeacon();
    const { driver } = bleno as Extract<typeof bleno, { kind: "loaded" }>;
    Reflect.deleteProperty(driver._bindings._hci, "setAdvertisingParameters"); // as if a central came before ours were set
    await beacon.advertise(payload);
    const phone = new GattPhone(new Controller(air, { name: "visitor", address: "00:1b:dc:00:01:04" }));
    onTestFinished(() => phone.device.close());
    phone.connect(dev.controller.publicAddress);
    await waitFor(() => phone.connected === 1 && phone.dropped === 1);
    await waitFor(() => dev.controller.advertiser.on);
    expect(dev.controller.advertiser.onAir).toEqual(payload);
  });

  it("lets a central stay while set-up by Bluetooth is open", async () => {
    const beacon = await openBeacon();
    await beacon.advertise(payload);
    await beacon.admit(true);
    await beacon.advertise(payload);
    const phone = new GattPhone(new Controller(air, { name: "guest", address: "00:1b:dc:00:01:02" }));
    onTestFinished(() => phone.device.close());
    phone.connect(dev.controller.publicAddress);
    await waitFor(() => phone.connected === 1);
    phone.read(0x2a00); // the device name, which bleno always has
    await waitFor(() => phone.answers.length === 1);
    expect(phone.answers[0]).not.toBeNull();
    expect(phone.dropped).toBe(0);
    await beacon.admit(false);
    await waitFor(() => phone.dropped === 1);
    await beacon.advertise(payload);
    phone.connect(dev.controller.publicAddress);
    const types: number[] = [];
    phone.device.onReport = ({ type }) => types.push(type);
    phone.device.listen();
    await waitFor(() => types.length >= 5);
    expect([new Set(types), phone.connected]).toEqual([new Set([ADVERTISING.silent]), 1]);
  });

  it("says that the controller hangs", async () => {
    let hung = 0;
    const beacon = await openBeacon({
      onHung: () => {
        hung += 1;
      },
    });
    await beacon.advertise(payload);
    dev.controller.fault("hang");
    await waitFor(() => hung > 0);
    const status = beacon.status();
    expect(status.present ? "" : status.reason).toBe("the Bluetooth controller does not answer");
    dev.down();
  });
});

describe("the observer", () => {
  it("keeps no table of the addresses that it heard", async () => {
    const { heard } = await openObserver();
    const speaker = new Speaker(air);
    onTestFinished(() => air.leave(speaker));
    let said = 0;
    await waitFor(
      () => {
        said += 1;
        speaker.say(payload, Uint8Array.of(1, 2, 3, 4, said >> 8, said));
        return heard.length >= 50;
      },
      { everyMs: 4 },
    );
    const { driver } = noble as Extract<typeof noble, { kind: "loaded" }>;
    const insides = driver as unknown as { _peripherals: object; _bindings: { _gap: { _discoveries: object } } };
    expect(Object.keys(insides._peripherals)).toEqual([]);
    expect(Object.keys(insides._bindings._gap._discoveries)).toEqual([]);
  });

  it("hears the first word of a sender that could be asked for more", async () => {
    const { heard } = await openObserver();
    const speaker = new Speaker(air);
    onTestFinished(() => air.leave(speaker));
    await waitFor(() => {
      if (heard.length === 0) speaker.say(payload, Uint8Array.of(0xc1, 2, 3, 4, 5, 6), ADVERTISING.connectable);
      return heard.length > 0;
    });
    expect(heard.every((one) => one.length === payload.length)).toBe(true);
  });

  it("listens again when the controller forgot it without a word", async () => {
    await poweredOn((bleno as Extract<typeof bleno, { kind: "loaded" }>).driver); // or the reset would leave it stuck
    await openObserver();
    dev.controller.fault("silent-reset");
    expect(dev.controller.listener.scanning).toBe(false);
    await waitFor(() => dev.controller.listener.scanning);
  });
});

describe("both", () => {
  it("come back when the adapter was down", async () => {
    const beacon = await openBeacon();
    const { observer } = await openObserver();
    await beacon.advertise(payload);
    dev.down();
    await waitFor(() => !beacon.status().present && !observer.status().present);
    dev.up();
    await waitFor(() => observer.status().present && dev.controller.listener.scanning);
    await waitFor(() =>
      beacon.advertise(payload).then(
        () => true,
        () => false,
      ),
    );
    expect(dev.controller.advertiser.onAir).toEqual(payload);
  });
});
