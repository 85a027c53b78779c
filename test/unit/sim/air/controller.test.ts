import { describe, expect, it } from "vitest";
import { ADVERTISING, type Air } from "../../../../sim/air/air.ts";
import { Controller } from "../../../../sim/air/controller.ts";
import { GattPhone } from "../../../../sim/air/gatt-phone.ts";
import { commandPacket, HCI_STATUS, OPCODE, wireAddress } from "../../../../sim/air/hci.ts";
import { type HeardReport, ScriptedDevice } from "../../../../sim/air/scripted-device.ts";
import { SteppedClock } from "../../../../sim/clock.ts";
import { type AirRigOptions, adapter, testAir } from "../../../support/air.ts";

const PAYLOAD = Uint8Array.of(2, 1, 6);

function rig(options: AirRigOptions = {}): { clock: SteppedClock; air: Air; device: (n: number) => ScriptedDevice } {
  const clock = new SteppedClock();
  const air = testAir({ ...options, clock });
  const device = (n: number): ScriptedDevice =>
    new ScriptedDevice(new Controller(air, { name: `d${n}`, address: `00:1b:dc:00:00:0${n}` }));
  return { clock, air, device };
}

/** Statuses of the answers to commands, in order. */
function answersOf(device: ScriptedDevice): number[] {
  const answers: number[] = [];
  device.onEvent = (packet) => {
    if (packet[1] === 0x0e) answers.push(packet[6] ?? -1);
    if (packet[1] === 0x0f) answers.push(packet[3] ?? -1);
  };
  return answers;
}

function reportsAt(device: ScriptedDevice): HeardReport[] {
  const reports: HeardReport[] = [];
  device.onReport = (report) => reports.push(report);
  return reports;
}

describe("a virtual controller", () => {
  it("answers one command at a time, each after its latency", () => {
    const { clock, device } = rig();
    const host = device(1);
    const answers = answersOf(host);
    for (let n = 0; n < 5; n += 1) host.command(OPCODE.readVersion);
    expect(answers).toEqual([]);
    clock.step(0.4);
    expect(answers).toHaveLength(1);
    clock.step(2);
    expect(answers).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ["an unknown command", 0x2fff, [], HCI_STATUS.unknownCommand],
    ["32 bytes of data", OPCODE.leSetAdvertisingData, [32, ...new Uint8Array(31)], HCI_STATUS.invalid],
    [
      "an interval that is too short",
      OPCODE.leSetAdvertisingParameters,
      [1, 0, 1, 0, ...new Uint8Array(9), 7, 0],
      HCI_STATUS.invalid,
    ],
    ["a window longer than the interval", OPCODE.leSetScanParameters, [0, 4, 0, 5, 0, 0, 0], HCI_STATUS.invalid],
    ["to stop listening when it does not listen", OPCODE.leSetScanEnable, [0, 0], HCI_STATUS.ok],
    ["a link that is not there", OPCODE.disconnect, [0x40, 0, 0x13], HCI_STATUS.unknownConnection],
    ["to cancel what was not begun", OPCODE.leCancelConnect, [], HCI_STATUS.disallowed],
  ])("answers %s by its status", (_what, opcode, parameters, status) => {
    const { clock, device } = rig();
    const host = device(1);
    const answers = answersOf(host);
    host.command(opcode, parameters);
    clock.step(5);
    expect(answers).toEqual([status]);
  });

  it("disallows new parameters while it advertises, which is how a host can ask", () => {
    const { clock, device } = rig();
    const host = device(1);
    host.advertise({ payload: PAYLOAD });
    clock.step(10);
    const answers = answersOf(host);
    const parameters = [0xa0, 0, 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0];
    host.command(OPCODE.leSetAdvertisingParameters, parameters);
    clock.step(5);
    host.silence();
    host.command(OPCODE.leSetAdvertisingParameters, parameters);
    clock.step(5);
    expect(answers).toEqual([HCI_STATUS.disallowed, HCI_STATUS.ok, HCI_STATUS.ok]);
  });

  it("is heard about once an interval, with its random address, type and answer to a scan", () => {
    const { clock, device } = rig({ rssi: -71 });
    const [sender, ear] = [device(1), device(2)];
    const reports = reportsAt(ear);
    ear.listen({ active: true });
    const address = wireAddress("c1:22:33:44:55:66");
    const scanResponse = Uint8Array.of(2, 10, 0);
    sender.advertise({ payload: PAYLOAD, scanResponse, type: ADVERTISING.connectable, address, intervalMs: 100 });
    clock.step(10_000);
    const first = reports.filter(({ type }) => type === 0);
    expect(first.length).toBeGreaterThan(60);
    expect(first.length).toBeLessThan(101);
    expect(first[0]).toEqual({ type: 0, addressType: 1, address, payload: PAYLOAD, rssi: -71 });
    expect(reports.filter(({ type }) => type === 4)[0]?.payload).toEqual(scanResponse);
  });

  it("hears as much as its scan window lets it", () => {
    const { clock, device } = rig();
    const [sender, ear] = [device(1), device(2)];
    const reports = reportsAt(ear);
    sender.advertise({ payload: PAYLOAD, intervalMs: 100 });
    ear.listen({ intervalMs: 100, windowMs: 10 });
    clock.step(60_000);
    const share = reports.length / (60_000 / 105);
    expect(share).toBeGreaterThan(0.03);
    expect(share).toBeLessThan(0.2);
  });

  it("tells a sender once when the host wants no duplicates", () => {
    const { clock, device } = rig();
    const [sender, ear] = [device(1), device(2)];
    const reports = reportsAt(ear);
    sender.advertise({ payload: PAYLOAD });
    ear.command(OPCODE.leSetScanParameters, [0, 0x10, 0, 0x10, 0, 0, 0]);
    ear.command(OPCODE.leSetScanEnable, [1, 1]);
    clock.step(5_000);
    expect(reports).toHaveLength(1);
  });

  it("hears only whom it accepts when the host wants that", () => {
    const { clock, device } = rig();
    const [one, two, ear] = [device(1), device(2), device(3)];
    const reports = reportsAt(ear);
    for (const sender of [one, two]) sender.advertise({ payload: PAYLOAD });
    ear.command(OPCODE.leAddToAcceptList, [0, ...two.controller.publicAddress]);
    ear.command(OPCODE.leSetScanParameters, [0, 0x10, 0, 0x10, 0, 0, 1]);
    ear.command(OPCODE.leSetScanEnable, [1, 0]);
    clock.step(3_000);
    expect(new Set(reports.map(({ address }) => address[0]))).toEqual(new Set([2]));
  });

  it("forgets everything in a reset, and says so only with a hardware error", () => {
    const { clock, device } = rig();
    const host = device(1);
    const events: number[] = [];
    host.advertise({ payload: PAYLOAD });
    clock.step(10);
    host.onEvent = (packet) => events.push(packet[1] ?? 0);
    host.controller.fault("silent-reset");
    expect([host.controller.advertiser.on, events]).toEqual([false, []]);
    host.controller.fault("hardware-error", 0x42);
    expect(events).toEqual([0x10]);
  });

  it("says nothing while it hangs, until it was off and on", () => {
    const { clock, device } = rig();
    const host = device(1);
    const answers = answersOf(host);
    host.controller.fault("hang");
    host.command(OPCODE.readVersion);
    clock.step(1_000);
    expect(answers).toEqual([]);
    host.controller.setPowered(false);
    host.controller.setPowered(true);
    host.command(OPCODE.readVersion);
    clock.step(1_000);
    expect(answers).toEqual([0]);
  });
});

describe("a link", () => {
  /** A phone that is connected to a peripheral. */
  function linked(options: AirRigOptions = {}): ReturnType<typeof rig> & { phone: GattPhone; door: ScriptedDevice } {
    const made = rig(options);
    const door = made.device(1);
    const phone = new GattPhone(made.device(2).controller);
    door.advertise({ payload: PAYLOAD, type: ADVERTISING.connectable });
    phone.connect(door.controller.publicAddress);
    made.clock.step(2_000);
    return { ...made, phone, door };
  }

  it("silences the advertisement of the one that was found", () => {
    const { phone, door } = linked();
    expect([phone.connected, door.controller.links, door.controller.advertiser.on]).toEqual([1, 1, false]);
  });

  it("carries data with fragments marked as from the controller, and gives the buffers back", () => {
    const { clock, phone, door } = linked();
    const got: boolean[] = [];
    let credits = 0;
    door.onAcl = (_handle, _bytes, isFirst) => got.push(isFirst);
    phone.device.onEvent = (packet) => {
      if (packet[1] === 0x13) credits += 1;
    };
    phone.read(0x2a00);
    clock.step(200);
    expect([got, credits]).toEqual([[true], 1]);
  });

  it("says so when the host takes more buffers than there are", () => {
    const { clock, phone } = linked();
    let overflows = 0;
    phone.device.onEvent = (packet) => {
      if (packet[1] === 0x1a) overflows += 1;
    };
    for (let n = 0; n < 10; n += 1) phone.read(0x2a00);
    expect(overflows).toBe(2);
    clock.step(500);
  });

  it("ends on both sides by the supervision timeout when one falls silent", () => {
    const { clock, phone, door } = linked();
    door.controller.fault("hang");
    clock.step(1_500);
    expect(phone.dropped).toBe(0);
    clock.step(1_000);
    expect([phone.dropped, door.controller.links]).toEqual([1, 0]);
  });

  it("outlives lost packets, and brings everything across in order", () => {
    const { clock, phone, door } = linked({ loss: 0.3 });
    expect(phone.connected).toBe(1);
    let got = 0;
    door.onAcl = () => {
      got += 1;
    };
    for (let n = 0; n < 6; n += 1) phone.read(0x2a00);
    clock.step(3_000);
    expect(got).toBe(6);
  });
});

describe("an adapter that programs share", () => {
  const everything = new Uint8Array(14).fill(0xff);

  it("shows each program what its filter lets through, also what the others do", () => {
    const { clock, air } = rig();
    const dev = adapter(air, 1);
    const seen: Record<string, number[]> = { a: [], b: [], c: [] };
    const program = (name: string, filter: Uint8Array | null) => ({
      filter,
      deliver: (packet: Uint8Array) => seen[name]?.push(packet[0] ?? 0),
      changed: () => {},
    });
    const events = new Uint8Array(14);
    events[0] = 1 << 4;
    events.fill(0xff, 4);
    const [a, b, c] = [program("a", everything), program("b", events), program("c", null)];
    for (const one of [a, b, c]) dev.attach(one);
    dev.send(a, commandPacket(OPCODE.readVersion));
    dev.send(b, commandPacket(OPCODE.readVersion));
    clock.step(5);
    expect(seen).toEqual({ a: [1, 4, 4], b: [4, 4], c: [] });
  });

  it("goes on after a command that the controller never answered", () => {
    const { clock, air } = rig();
    const dev = adapter(air, 1);
    const program = { filter: everything, deliver: () => {}, changed: () => {} };
    let sent = 0;
    dev.watch((_packet, fromHost) => {
      if (fromHost) sent += 1;
    });
    dev.controller.fault("hang");
    for (let n = 0; n < 2; n += 1) dev.send(program, commandPacket(OPCODE.readVersion));
    expect(sent).toBe(1);
    clock.step(2_001);
    expect(sent).toBe(2);
  });

  it("refuses packets while it is down, and tells when that changes", () => {
    const { air } = rig();
    const dev = adapter(air, 1);
    const told: boolean[] = [];
    const program = { filter: everything, deliver: () => {}, changed: (isUp: boolean) => told.push(isUp) };
    dev.attach(program);
    dev.down();
    expect(dev.send(program, commandPacket(OPCODE.reset))).toBe(false);
    dev.up();
    expect([dev.send(program, commandPacket(OPCODE.reset)), told]).toEqual([true, [false, true]]);
  });
});
