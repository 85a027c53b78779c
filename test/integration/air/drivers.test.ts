import { beforeAll, expect, it } from "vitest";
import { adapter, blenoOn, type Driver, hookDrivers, nobleOn, poweredOn, testAir } from "../../support/air.ts";
import { waitFor } from "../../support/wait-for.ts";

const RSSI_DBM = -63;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Flags, a 16-bit service, and service data of 20 bytes: 31 in all, as Exposure Notification has it. */
const FULL = Buffer.from("02011a03036ffd17166ffd00112233445566778899aabbccddeeffdeadbeef", "hex");

const air = testAir({ rssi: RSSI_DBM });
const door = adapter(air, 0);
const phone = adapter(air, 1);
let bleno: Driver;
let noble: Driver;

beforeAll(async () => {
  hookDrivers([door, phone]);
  bleno = blenoOn(0);
  noble = nobleOn(1);
  await Promise.all([poweredOn(bleno), poweredOn(noble)]);
});

it("real noble hears real bleno: the exact bytes, at the power that the air says", async () => {
  const reports: { eir: string; rssi: number }[] = [];
  noble._bindings._hci.on("leAdvertisingReport", (...[, type, , , eir, rssi]: [0, number, "", "", Buffer, number]) => {
    if (type === 0) reports.push({ eir: hex(eir), rssi });
  });
  const found: Driver[] = [];
  noble.on("discover", (peripheral: Driver) => found.push(peripheral));
  bleno.startAdvertisingWithEIRData(FULL, Buffer.alloc(0));
  await noble.startScanningAsync([], true);
  const first = await waitFor(() => reports[0], { what: "a report" });
  expect(first).toEqual({ eir: hex(FULL), rssi: RSSI_DBM });
  const seen = await waitFor(() => found[0], { what: "a discovery" });
  expect(hex(seen.advertisement.serviceData[0].data)).toBe("00112233445566778899aabbccddeeffdeadbeef");
  expect(seen.rssi).toBe(RSSI_DBM);
  await noble.stopScanningAsync();
});

it("real noble reads, writes and is notified by real bleno over links with fragments and credits", async () => {
  let stored = Buffer.from("hello");
  const characteristic = new bleno.Characteristic({
    uuid: "fff1",
    properties: ["read", "write", "notify"],
    onReadRequest: (offset: number, answer: (code: number, bytes: Buffer) => void) =>
      answer(0, stored.subarray(offset)),
    onWriteRequest: (bytes: Buffer, _offset: number, _quiet: boolean, answer: (code: number) => void) => {
      stored = Buffer.from(bytes);
      answer(0);
    },
    onSubscribe: (_size: number, update: (bytes: Buffer) => void) => update(Buffer.from("note")),
  });
  bleno.setServices([new bleno.PrimaryService({ uuid: "fff0", characteristics: [characteristic] })]);
  bleno.startAdvertising("door", ["fff0"]);
  const found = new Promise<Driver>((resolve) =>
    noble.on("discover", (one: Driver) => one.advertisement.localName === "door" && resolve(one)),
  );
  await noble.startScanningAsync(["fff0"], false);
  const peripheral = await found;
  await noble.stopScanningAsync();
  await peripheral.connectAsync();
  const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync(["fff0"], ["fff1"]);
  const [remote] = characteristics;
  expect(String(await remote.readAsync())).toBe("hello");
  const long = Buffer.alloc(300, "x");
  await remote.writeAsync(long, false);
  expect(hex(await remote.readAsync())).toBe(hex(long));
  const note = new Promise<Buffer>((resolve) => remote.once("data", resolve));
  await remote.subscribeAsync();
  expect(String(await note)).toBe("note");
  expect(await peripheral.updateRssiAsync()).toBe(RSSI_DBM);
  expect(door.controller.links).toBe(1);
  await peripheral.disconnectAsync();
  await waitFor(() => door.controller.links === 0 && door.controller.advertiser.on, { what: "advertising again" });
});
