import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openRadio, type Radio } from "../../../firmware/rpi/open-radio.ts";
import { ImprovSession } from "../../../kiosk/provision/improv/improv-session.ts";
import { RadioImprovLink } from "../../../kiosk/provision/improv/radio-link.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { encodeImprovAdvertisement } from "../../../protocol/improv/advertisement.ts";
import { IMPROV_UUID } from "../../../protocol/improv/values.ts";
import type { BoottimeMs } from "../../../protocol/units.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { packageFile } from "../../../runtime/package-paths.ts";
import { systemTimers, type Timers } from "../../../runtime/timers.ts";
import { Controller } from "../../../sim/air/controller.ts";
import { GattPhone } from "../../../sim/air/gatt-phone.ts";
import { HciServer } from "../../../sim/air/hci-server.ts";
import { adapter, type Driver, hookDrivers, nobleOn, poweredOn, testAir } from "../../support/air.ts";
import { TEST_DEVICE, TestWifi } from "../../support/improv.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { waitFor } from "../../support/wait-for.ts";

// The kiosk's radio process, which is the untouched product with the real bleno, and a phone that is the real noble, on one virtual air.
const air = testAir({ rssi: -55 });
const door = adapter(air, 0);
const phoneAdapter = adapter(air, 1);
const server = new HciServer((name) => (name === "door" ? door : null));
const folder = mkdtempSync(join(tmpdir(), "bluepost-"));
const boottime = (): BoottimeMs => Math.floor(performance.now()) as BoottimeMs;
const beaconPayload = Uint8Array.of(2, 1, 6, 4, 0xff, 0xff, 0xff, 7);
let noble: Driver;
let radio: Radio;

beforeAll(async () => {
  const path = join(folder, "air.sock");
  await server.listen(path);
  process.env["BLUEPOST_SIM_AIR"] = path;
  process.env["BLUEPOST_SIM_HCI"] = "door";
  process.env["NODE_OPTIONS"] = `--import=${packageFile("dist/sim/preload/bluetooth.js")}`;
  radio = openRadio({ sendAdapter: 0, listenAdapter: null }, { timers: systemTimers, logger: silentLogger, boottime });
  hookDrivers([phoneAdapter]);
  noble = nobleOn(0);
  await poweredOn(noble);
  await waitFor(() => beaconTaken(), { what: "a radio process that is ready" });
});

afterAll(async () => {
  for (const name of ["BLUEPOST_SIM_AIR", "BLUEPOST_SIM_HCI", "NODE_OPTIONS"]) delete process.env[name];
  await radio.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function beaconTaken(): Promise<boolean> {
  try {
    await radio.beacon?.advertise(beaconPayload);
    return true;
  } catch {
    return false;
  }
}

interface Kiosk {
  readonly session: ImprovSession;
  readonly wifi: TestWifi;
  readonly identified: () => number;
}

/** A kiosk that has no Wi-Fi yet; the minute after the button is the test's. */
async function kiosk(timers: Timers = systemTimers): Promise<Kiosk> {
  const wifi = new TestWifi();
  let identified = 0;
  if (!radio.improv) throw new Error("no radio");
  const link = new RadioImprovLink(radio.improv, systemTimers);
  const identify = (): void => {
    identified += 1;
  };
  const session = new ImprovSession({ link, wifi, device: TEST_DEVICE, identify, timers, logger: silentLogger });
  session.open();
  await link.open((frame) => session.receive(frame));
  onTestFinished(async () => {
    session.close();
    await link.close();
  });
  return { session, wifi, identified: () => identified };
}

const NAMES = ["state", "error", "command", "result", "capabilities"] as const;

/** The phone: connects, subscribes, and writes down each byte in the order in which it went over the air. */
class Phone {
  readonly transcript: string[] = [];
  readonly #peripheral: Driver;
  readonly #values = new Map<string, Driver>();

  private constructor(peripheral: Driver) {
    this.#peripheral = peripheral;
  }

  static async connect(): Promise<Phone> {
    const found = new Promise<Driver>((resolve) => noble.once("discover", resolve));
    await noble.startScanningAsync([IMPROV_UUID.service], false);
    const phone = new Phone(await found);
    await noble.stopScanningAsync();
    await phone.#peripheral.connectAsync();
    onTestFinished(async () => {
      if (phone.#peripheral.state === "connected") await phone.#peripheral.disconnectAsync();
    });
    await phone.#discover();
    return phone;
  }

  get connected(): boolean {
    return this.#peripheral.state === "connected";
  }

  async disconnect(): Promise<void> {
    await this.#peripheral.disconnectAsync();
  }

  async read(name: (typeof NAMES)[number]): Promise<string> {
    return toHex(await this.#values.get(name).readAsync());
  }

  /** Writes each piece by itself, and waits until exactly these notifications have come. */
  async ask(pieces: readonly string[], ...answers: readonly string[]): Promise<void> {
    this.transcript.length = 0;
    for (const piece of pieces) await this.#values.get("command").writeAsync(Buffer.from(fromHex(bare(piece))), false);
    await waitFor(() => this.transcript.length >= answers.length, { what: `${answers}; got ${this.transcript}` });
    expect(this.transcript).toEqual(answers.map(bare));
  }

  async #discover(): Promise<void> {
    const { characteristics } = await this.#peripheral.discoverSomeServicesAndCharacteristicsAsync(
      [IMPROV_UUID.service],
      [],
    );
    for (const name of NAMES) {
      const one = characteristics.find(({ uuid }: { uuid: string }) => uuid === IMPROV_UUID[name]);
      this.#values.set(name, one);
      if (!one.properties.includes("notify")) continue;
      one.on("data", (bytes: Buffer, isNotification: boolean) => {
        if (isNotification) this.transcript.push(`${name}${toHex(bytes)}`);
      });
      await one.subscribeAsync();
    }
  }
}

const bare = (text: string): string => text.replaceAll(" ", "");
/** The specification's example, cut as a phone cuts it that sends 20 bytes at a time. */
const WISH = ["01 1e 0c 4d79576972656c6573734150 10 6d797365", "63757265706173", "73776f7264 c0"];

describe("Improv over Bluetooth", () => {
  it("is the conversation of the specification, byte for byte", async () => {
    const { session, wifi, identified } = await kiosk();
    expect(toHex(door.controller.advertiser.onAir ?? new Uint8Array(0))).toBe(
      "020106" + "11070080267874276346722228626877460009167746010700000000",
    );
    const phone = await Phone.connect();
    // what it can: identify, device info, scan. The state: authorisation required. No error.
    expect([await phone.read("capabilities"), await phone.read("state"), await phone.read("error")]).toEqual([
      "07",
      "01",
      "00",
    ]);
    // a network before the button: not authorised
    await phone.ask(WISH, "error 04");
    expect([await phone.read("error"), wifi.asked.length]).toEqual(["04", 0]);
    // identify: the error is taken back, and the box shows itself
    await phone.ask(["02 00 02"], "error 00");
    expect(identified()).toBe(1);
    // the button
    phone.transcript.length = 0;
    session.authorize();
    await waitFor(() => phone.transcript.length === 1);
    expect(phone.transcript).toEqual(["state02"]);
    // what it is
    const texts = "08 426c7565706f7374 05 312e302e30 04 50692034 0e 6b696f736b2d3061316232633364";
    await phone.ask(["03 00 03"], `result 03 23 ${texts} 2b`);
    expect(await phone.read("result")).toBe(bare(`03 23 ${texts} 2b`));
    // the networks
    const networks = "0c 4d79576972656c6573734150 03 2d3438 04 57504132 0c 43686f205261636820536f69 03 2d3731 02 4e4f";
    await phone.ask(["04 00 04"], `result 04 2a ${networks} df`);
    // the network, in three writes: provisioning, provisioned, an empty result
    await phone.ask(WISH, "state 03", "state 04", "result 01 00 01");
    expect(wifi.asked).toEqual([{ ssid: "MyWirelessAP", password: "mysecurepassword" }]);
  });

  it("says what was wrong: checksum, command, network", async () => {
    const { session, wifi } = await kiosk();
    wifi.password = "another one";
    const phone = await Phone.connect();
    session.authorize();
    await waitFor(() => phone.transcript.length === 1);
    await phone.ask(["03 00 04"], "error 01");
    await phone.ask(["09 00 09"], "error 00", "error 02");
    await phone.ask(WISH, "error 00", "state 03", "state 02", "error 03");
    expect(session.progress).toEqual({ state: 2, error: 3 });
  });

  it("tells everybody who listens that the minute is over, also in what it advertises", async () => {
    const timers = new ManualTimers();
    const { session } = await kiosk(timers);
    const onAir = (state: number): Uint8Array => encodeImprovAdvertisement({ state, capabilities: 7 });
    session.authorize();
    await waitFor(() => toHex(door.controller.advertiser.onAir ?? onAir(0)) === toHex(onAir(2)));
    const phone = await Phone.connect();
    timers.advance(60_000);
    await waitFor(() => phone.transcript.includes("state01"));
    await phone.disconnect();
    await waitFor(() => door.controller.advertiser.on);
    expect(door.controller.advertiser.onAir).toEqual(onAir(1));
  });

  it("forgets the half of a command when its sender leaves", async () => {
    const { session } = await kiosk();
    const first = await Phone.connect();
    await first.ask(["01 1e 0c"]);
    await first.disconnect();
    await waitFor(() => door.controller.advertiser.on);
    const second = await Phone.connect();
    session.authorize();
    await waitFor(() => second.transcript.length === 1);
    await second.ask(["02 00 03"], "error 01");
  });

  it("comes back when its process was killed", async () => {
    const { session } = await kiosk();
    const { pid } = radio;
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor(() => radio.pid !== null && radio.pid !== pid && radio.improv?.status().present, {
      timeoutMs: 30_000,
    });
    const phone = await Phone.connect();
    session.authorize();
    await waitFor(() => phone.transcript.includes("state02"));
  });
});

describe("when no set-up is open", () => {
  it("nobody can connect, and who is connected at its end is dropped; the beacon is as it was", async () => {
    if (!radio.improv) throw new Error("no radio");
    const values = { capabilities: 7, state: 1, error: 0, result: new Uint8Array(0) };
    const central = { written: () => undefined, room: () => undefined, left: () => undefined };
    const phone = new GattPhone(new Controller(air, { name: "visitor", address: "00:1b:dc:00:02:01" }));
    onTestFinished(() => phone.device.close());
    await waitFor(() => beaconTaken());
    phone.connect(door.controller.publicAddress);
    await waitFor(() => phone.device.controller.listener.wish !== null, { what: "a phone that tries" });
    await radio.improv.open(values, central);
    await waitFor(() => phone.connected === 1, { what: "the phone's link, once a set-up is open" });
    await expect(radio.beacon?.advertise(beaconPayload)).rejects.toThrow(
      expect.objectContaining({ code: "FW_RADIO_LOST" }),
    );
    expect(phone.dropped).toBe(0);
    await radio.improv.close();
    await waitFor(() => phone.dropped === 1, { what: "the end of the link" });
    expect(door.controller.links).toBe(0);
    phone.connect(door.controller.publicAddress);
    await radio.beacon?.advertise(beaconPayload);
    const heard: number[] = [];
    const ear = new GattPhone(new Controller(air, { name: "ear", address: "00:1b:dc:00:02:02" }));
    onTestFinished(() => ear.device.close());
    ear.device.onReport = ({ type }) => heard.push(type);
    ear.device.listen();
    await waitFor(() => heard.length >= 5);
    expect([new Set(heard), phone.connected, door.controller.links]).toEqual([new Set([3]), 1, 0]);
  });
});
