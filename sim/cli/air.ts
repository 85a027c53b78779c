import { type Command, InvalidArgumentError } from "commander";
import { announceReady, type Running, runService } from "../../runtime/lifecycle.ts";
import { Air } from "../air/air.ts";
import { BtsnoopCapture } from "../air/btsnoop.ts";
import { Controller } from "../air/controller.ts";
import { H4Server } from "../air/h4-server.ts";
import { HciDev } from "../air/hci-dev.ts";
import { HciServer } from "../air/hci-server.ts";
import { createPropagation } from "../air/propagation.ts";
import { gaenPhone } from "../air/senders.ts";
import { RealTimeClock } from "../clock.ts";
import { createRng, type Rng } from "../rng.ts";

interface AirFlags {
  readonly unix?: string;
  readonly tcp?: { readonly host: string; readonly port: number };
  readonly pty?: string;
  readonly hci?: string;
  readonly phones: number;
  readonly capture?: string;
  readonly seed: string;
}

/** Side of the room in which everything stands, metres. */
const ROOM_M = 12;

/** Registers `air`: virtual Bluetooth controllers for any host stack. */
export function registerAir(program: Command): void {
  program
    .command("air")
    .description("run virtual Bluetooth controllers until Ctrl-C; attach any host stack to them")
    .option("--unix <path>", "H4 on a Unix socket: each connection gets a controller of its own")
    .option("--tcp <host:port>", "H4 on TCP, the same", hostAndPort)
    .option("--pty <link>", "one controller as a serial device at this path")
    .option("--hci <path>", "adapters for untouched Node programs (dist/sim/preload/bluetooth.js) on this Unix socket")
    .option("--phones <n>", "phones with Exposure Notification in the room", wholeNumber, 0)
    .option("--capture <file>", "write every packet to a btsnoop file, for Wireshark and sim replay btsnoop")
    .option("--seed <seed>", "the same seed gives the same room", "1")
    .action(async (flags: AirFlags) => {
      await runService(() => startAir(flags));
    });
}

async function startAir(flags: AirFlags): Promise<Running> {
  const clock = new RealTimeClock();
  const rng = createRng(flags.seed);
  const air = new Air({ clock, rng, propagation: createPropagation(rng.fork("paths")) });
  const capture = flags.capture === undefined ? null : new BtsnoopCapture(flags.capture, clock, Date.now());
  const controllers = controllerMaker(air, rng.fork("places"));
  letPhonesCome(controllers, { count: flags.phones, rng: rng.fork("phones") });
  const watch = capture?.write ?? (() => undefined);
  const h4 = new H4Server(() => controllers("host"), watch);
  const devs = new Map<string, HciDev>();
  const hci = new HciServer((name) => {
    const dev = devs.get(name) ?? new HciDev(controllers(name));
    if (!devs.has(name)) dev.watch(watch);
    devs.set(name, dev);
    return dev;
  });
  announceReady("sim", await listen(flags, h4, hci));
  return {
    async close() {
      await h4.close();
      await hci.close();
      capture?.close();
    },
  };
}

async function listen(flags: AirFlags, h4: H4Server, hci: HciServer): Promise<Record<string, string | number>> {
  const places: Record<string, string | number> = {};
  if (flags.unix !== undefined) {
    await h4.listen({ kind: "unix", path: flags.unix });
    places["unix"] = flags.unix;
  }
  if (flags.tcp) places["tcp"] = `${flags.tcp.host}:${await h4.listen({ kind: "tcp", ...flags.tcp })}`;
  if (flags.pty !== undefined) places["pty"] = h4.openPty(flags.pty);
  if (flags.hci !== undefined) {
    await hci.listen(flags.hci);
    places["hci"] = flags.hci;
  }
  return places;
}

/** Each call makes a controller with the next address, somewhere in the room. */
function controllerMaker(air: Air, rng: Rng): (name: string) => Controller {
  let made = 0;
  return (name) => {
    made += 1;
    const tail = made.toString(16).padStart(4, "0");
    const address = `00:1b:dc:0a:${tail.slice(0, 2)}:${tail.slice(2)}`;
    const position = { x: rng.next() * ROOM_M, y: rng.next() * ROOM_M };
    return new Controller(air, { name: `${name}-${made}`, address, position });
  };
}

function letPhonesCome(
  controllers: (name: string) => Controller,
  { count, rng }: { readonly count: number; readonly rng: Rng },
): void {
  for (let n = 0; n < count; n += 1) {
    gaenPhone(controllers("phone"), { rng, id: () => rng.bytes(16), metadata: rng.bytes(4) }).start();
  }
}

function hostAndPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  const port = Number(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError("Write it as 127.0.0.1:6402.");
  }
  return { host: text.slice(0, at), port };
}

function wholeNumber(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1_000) {
    throw new InvalidArgumentError("A whole number from 0 to 1000.");
  }
  return count;
}
