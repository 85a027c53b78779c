import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Controller } from "../../../sim/air/controller.ts";
import { H4Server } from "../../../sim/air/h4-server.ts";
import { commandPacket, OPCODE, PacketFramer } from "../../../sim/air/hci.ts";
import { ScriptedDevice } from "../../../sim/air/scripted-device.ts";
import type { CaptureReport } from "../../../sim/replay/btsnoop-replay.ts";
import { testAir } from "../../support/air.ts";
import { runToEnd, spawnPart, tempFolder, waitFor } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A host with no more than a line: what it sends and hears are whole packets. */
function lineTo(place: { path: string } | { host: string; port: number }): {
  send: (packet: Uint8Array) => void;
  heard: string[];
  closed: () => boolean;
} {
  const socket = connect(place as { path: string });
  onTestFinished(() => void socket.destroy());
  const framer = new PacketFramer();
  const heard: string[] = [];
  socket.on("data", (chunk) => heard.push(...framer.push(chunk).map(hex)));
  socket.on("error", () => undefined);
  return { send: (packet) => void socket.write(packet), heard, closed: () => socket.destroyed };
}

describe("a host stack on an H4 line", () => {
  it.each(["unix", "tcp"] as const)(
    "has a controller of its own on %s, whatever way the bytes are cut",
    async (kind) => {
      const air = testAir();
      let made = 0;
      const server = new H4Server(() => {
        made += 1;
        return new Controller(air, { name: `host${made}`, address: `00:1b:dc:00:00:0${made}` });
      });
      onTestFinished(() => server.close());
      const path = join(tempFolder(), "air.sock");
      const port = await server.listen(kind === "unix" ? { kind, path } : { kind, host: "127.0.0.1", port: 0 });
      const place = kind === "unix" ? { path } : { host: "127.0.0.1", port };
      const [first, second] = [lineTo(place), lineTo(place)];
      for (const byte of commandPacket(OPCODE.reset)) first.send(Uint8Array.of(byte));
      first.send(commandPacket(OPCODE.readAddress));
      second.send(commandPacket(OPCODE.readAddress));
      await waitFor(() => first.heard.length === 2 && second.heard.length === 1);
      expect(first.heard[0]).toBe("040e0401030c00");
      const tails = [first.heard[1], second.heard[0]].map((event) => event?.slice(-12));
      expect(tails.sort()).toEqual(["010000dc1b00", "020000dc1b00"]);
      first.send(Uint8Array.of(0x77));
      await waitFor(() => first.closed());
    },
  );

  it("may be a program with the driver for serial controllers, on a PTY, with nothing injected", async () => {
    const air = testAir({ rssi: -58 });
    const beacon = new ScriptedDevice(new Controller(air, { name: "beacon", address: "00:1b:dc:00:00:aa" }));
    beacon.advertise({ payload: Uint8Array.of(2, 1, 6, 3, 0xff, 0xff, 0xff) });
    const server = new H4Server(() => new Controller(air, { name: "serial", address: "00:1b:dc:00:00:01" }));
    onTestFinished(() => server.close());
    const port = server.openPty();
    const program = `
      const noble = require("@abandonware/noble/with-custom-binding")({});
      noble._bindings._hci.on("leAdvertisingReport", (...[, , address, , data, rssi]) => {
        console.log(address, data.toString("hex"), rssi);
        process.exit(0);
      });
      noble.on("stateChange", (state) => state === "poweredOn" && noble.startScanning([], true));`;
    const child = spawn(process.execPath, ["-e", program], {
      cwd: repository,
      env: { ...process.env, BLUETOOTH_HCI_SOCKET_FORCE_UART: "1", BLUETOOTH_HCI_SOCKET_UART_PORT: port },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
    });
    await once(child, "exit");
    expect(output.trim()).toBe("00:1b:dc:00:00:aa 02010603ffffff -58");
  });
});

it("sim air serves controllers and phones as a command, and writes what passed to a capture", async () => {
  const folder = tempFolder();
  const path = join(folder, "air.sock");
  const capture = join(folder, "air.btsnoop");
  const args = ["air", "--unix", path, "--phones", "3", "--capture", capture];
  const air = await spawnPart({ script: "dist/sim/main.js", args });
  const line = lineTo({ path });
  line.send(commandPacket(OPCODE.leSetScanParameters, [0, 0x10, 0, 0x10, 0, 0, 0]));
  line.send(commandPacket(OPCODE.leSetScanEnable, [1, 0]));
  await waitFor(() => line.heard.some((packet) => packet.startsWith("043e") && packet.includes("03036ffd17166ffd")));
  await air.stop();
  const heard = await runToEnd({ script: "dist/sim/main.js", args: ["replay", "btsnoop", capture, "--json"] });
  const { found, invented } = JSON.parse(heard.stdout) as CaptureReport;
  expect(found.gaen.identifiers).toBeGreaterThan(0);
  expect(invented).toBe(0);
});
