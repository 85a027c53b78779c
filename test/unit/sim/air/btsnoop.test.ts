import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeAdvertisement } from "../../../../protocol/beacon/advertisement.ts";
import type { Dbm } from "../../../../protocol/units.ts";
import {
  BtsnoopCapture,
  btsnoopHead,
  btsnoopRecord,
  type CapturedPacket,
  readBtsnoop,
} from "../../../../sim/air/btsnoop.ts";
import { Controller } from "../../../../sim/air/controller.ts";
import { commandPacket, OPCODE } from "../../../../sim/air/hci.ts";
import { bluezonePhone, gaenPhone, tokenTag } from "../../../../sim/air/senders.ts";
import { SteppedClock } from "../../../../sim/clock.ts";
import { replayBtsnoop } from "../../../../sim/replay/btsnoop-replay.ts";
import { createRng } from "../../../../sim/rng.ts";
import { adapter, testAir } from "../../../support/air.ts";
import { tempFolder } from "../../../support/temp.ts";

const START_MS = Date.UTC(2026, 10, 23, 8);
/** Why Wireshark cannot read along here, or "". */
const noTshark = spawnSync("tshark", ["--version"]).status === 0 ? "" : "(skipped: tshark is missing)";
const filled = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

/** An hour of an adapter that listens among two phones and a token, captured. @returns the file's path and what passed */
function captureAnHour(): { path: string; passed: CapturedPacket[] } {
  const path = join(tempFolder(), "air.btsnoop");
  const clock = new SteppedClock();
  const air = testAir({ clock, rssi: -70 });
  const dev = adapter(air, 0);
  const passed: CapturedPacket[] = [];
  dev.watch((packet, fromHost) => {
    const atUs = BigInt(Math.round((START_MS + clock.now()) * 1_000));
    passed.push({ packet: packet.slice(), fromHost, atUs });
  });
  const capture = new BtsnoopCapture(path, clock, START_MS);
  const stopWatching = dev.watch(capture.write);
  const program = { filter: null, deliver: () => {}, changed: () => {} };
  // one tenth of a second in each second, active: a file of an hour that stays small
  dev.send(program, commandPacket(OPCODE.leSetScanParameters, [1, 0x40, 0x06, 0xa0, 0x00, 0, 0]));
  dev.send(program, commandPacket(OPCODE.leSetScanEnable, [1, 0]));
  const rng = createRng("senders");
  const on = (n: number): Controller => new Controller(air, { name: `s${n}`, address: `00:1b:dc:00:02:0${n}` });
  const slot = (nowMs: number): number => 1 + Math.floor(nowMs / 600_000);
  gaenPhone(on(1), { rng, id: (ms) => filled(slot(ms), 16), metadata: filled(9, 4) }).start();
  bluezonePhone(on(2), { rng, id: (ms) => filled(0x40 + slot(ms), 12) }).start();
  const payload = (ms: number): Uint8Array =>
    encodeAdvertisement({ kind: "token", id: filled(0x80 + slot(ms), 16), txPower: -8 as Dbm, echo: null });
  tokenTag(on(3), { rng, payload }).start();
  clock.step(3_600_000);
  stopWatching();
  capture.close();
  return { path, passed };
}

describe("a btsnoop capture of the air", () => {
  it("gives back the same packets, directions and times", () => {
    const { path, passed } = captureAnHour();
    expect([...readBtsnoop(readFileSync(path))]).toEqual(passed);
    expect(passed.length).toBeGreaterThan(1_000);
  });

  it("is heard by the product: every sender's identifiers, and none invented", () => {
    const { path } = captureAnHour();
    const report = replayBtsnoop(readFileSync(path), { reveal: true });
    expect(report.invented).toBe(0);
    expect(report.unknown).toBe(0);
    expect(report.scanResponses).toBeGreaterThan(0);
    expect(report.identifiers?.kiosk).toEqual([]);
    for (const id of report.identifiers?.token ?? []) expect(id).toMatch(/^(8[1-6])\1{15}$/);
    expect(report.found.token.identifiers).toBe(6);
    expect(report.found.bluezone.identifiers).toBe(4);
    expect(report.found.gaen.identifiers).toBeGreaterThanOrEqual(3);
    expect(report.sessions.recorded).toBeGreaterThan(0);
    expect(report.sessions.recorded + report.sessions.passersBy).toBeGreaterThanOrEqual(13);
  });

  it("names no identifier unless asked", () => {
    const { path } = captureAnHour();
    expect(JSON.stringify(replayBtsnoop(readFileSync(path)))).not.toMatch(/[0-9a-f]{24}/);
  });

  it.skipIf(noTshark !== "")(`is read by Wireshark packet for packet ${noTshark}`, () => {
    const { passed } = captureAnHour();
    const few = join(tempFolder(), "few.btsnoop");
    const head = passed.slice(0, 200);
    writeFileSync(few, Buffer.concat([btsnoopHead(), ...head.map(btsnoopRecord)]));
    const args = ["-r", few, "-T", "fields", "-e", "hci_h4.type", "-e", "_ws.malformed"];
    const lines = execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .split("\n");
    expect(lines.map((line) => Number.parseInt(line.split("\t")[0] ?? "", 16))).toEqual(
      head.map(({ packet }) => packet[0]),
    );
    expect(lines.filter((line) => /\t./.test(line))).toEqual([]);
  });

  it("refuses another file, and stops at a record that was cut off", () => {
    expect(() => [...readBtsnoop(Buffer.from("not a capture at all"))]).toThrow(
      expect.objectContaining({ code: "SIM_NOT_BTSNOOP" }),
    );
    const whole = btsnoopRecord({ packet: Uint8Array.of(4, 0x0e, 1, 1), fromHost: false, atUs: 5n });
    const cut = Buffer.concat([btsnoopHead(), whole, whole.subarray(0, 26)]);
    expect([...readBtsnoop(cut)]).toHaveLength(1);
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const report = replayBtsnoop(Buffer.concat([btsnoopHead(), noise]));
        expect(report.invented).toBe(0);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0x02, 0x0d), (noise, kind) => {
        const packet = Uint8Array.from([4, 0x3e, noise.length + 1, kind, ...noise]);
        const file = Buffer.concat([btsnoopHead(), btsnoopRecord({ packet, fromHost: false, atUs: 0n })]);
        expect(replayBtsnoop(file).packets).toBe(1);
      }),
    );
  });
});
