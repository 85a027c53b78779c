import { describe, expect, it, onTestFinished } from "vitest";
import { SerialByteLine } from "../../../firmware/rpi/serial-byte-line.ts";
import { ImprovSession } from "../../../kiosk/provision/improv/improv-session.ts";
import { SerialImprovLink } from "../../../kiosk/provision/improv/serial-link.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../../protocol/bytes.ts";
import { silentLogger } from "../../../runtime/log.ts";
import { systemTimers } from "../../../runtime/timers.ts";
import { Pty } from "../../../sim/devices/pty.ts";
import { TEST_DEVICE, TestWifi } from "../../support/improv.ts";
import { noPtys } from "../../support/ptys.ts";
import { waitFor } from "../../support/wait-for.ts";

const deps = { timers: systemTimers, logger: silentLogger };

/** A kiosk and a laptop on the two ends of a cable. */
async function cable(): Promise<{ wifi: TestWifi; laptop: Laptop }> {
  const laptop = new Laptop();
  const wifi = new TestWifi();
  const line = new SerialByteLine({ path: laptop.path, baudRate: 115_200 }, deps);
  const link = new SerialImprovLink(line, systemTimers);
  const session = new ImprovSession({ link, wifi, device: TEST_DEVICE, identify: () => undefined, ...deps });
  const stop = new AbortController();
  const serving = link.serve((frame) => session.receive(frame), stop.signal);
  onTestFinished(async () => {
    stop.abort();
    session.close();
    await serving;
    laptop.close();
  });
  await waitFor(() => line.status().present, { what: "an open line" });
  return { wifi, laptop };
}

/** Writes bytes and keeps all that comes back, as hex. */
class Laptop {
  readonly #pty = Pty.open();
  #heard = "";

  constructor() {
    this.#pty.onData((bytes) => {
      this.#heard += toHex(bytes);
    });
  }

  get path(): string {
    return this.#pty.path;
  }

  /** Sends, and waits until exactly `answer` came back; spaces are for the reader. */
  async ask(request: string | Uint8Array, answer: string): Promise<void> {
    const bytes = typeof request === "string" ? fromHex(request.replaceAll(" ", "")) : request;
    const want = answer.replaceAll(" ", "");
    this.#heard = "";
    await this.#pty.write(bytes);
    await waitFor(() => this.#heard.length >= want.length, { what: `an answer; there was ${this.#heard}` });
    expect(this.#heard).toBe(want);
  }

  close(): void {
    this.#pty.close();
  }
}

const HEAD = "494d50524f5601";
const NO_ERROR = `${HEAD} 02 01 00 e1`;
/** The specification's own example in a packet: 01 1E 0C MyWirelessAP 10 mysecurepassword. */
const WISH = `${HEAD} 03 20 01 1e 0c 4d79576972656c6573734150 10 6d7973656375726570617373776f7264 c1`;

describe.skipIf(noPtys !== "")(`Improv over a cable ${noPtys}`, () => {
  it("is the conversation of the specification, byte for byte", async () => {
    const { wifi, laptop } = await cable();
    // the state: ready
    await laptop.ask(`${HEAD} 03 02 02 00 e5`, `${NO_ERROR} ${HEAD} 01 01 02 e2`);
    // what it is
    const texts = "08 426c7565706f7374 05 312e302e30 04 50692034 0e 6b696f736b2d3061316232633364";
    await laptop.ask(`${HEAD} 03 02 03 00 e6`, `${NO_ERROR} ${HEAD} 04 25 03 23 ${texts} 32`);
    // the networks, the strongest first, then the end of the list
    const home = `${HEAD} 04 17 04 15 0c 4d79576972656c6573734150 03 2d3438 03 594553 53`;
    const market = `${HEAD} 04 16 04 14 0c 43686f205261636820536f69 03 2d3731 02 4e4f 56`;
    await laptop.ask(`${HEAD} 03 02 04 00 e7`, `${NO_ERROR} ${home} ${market} ${HEAD} 04 02 04 00 e8`);
    // the network: provisioning, provisioned, an empty result
    const joined = `${HEAD} 01 01 03 e3 ${HEAD} 01 01 04 e4 ${HEAD} 04 02 01 00 e5`;
    await laptop.ask(WISH, `${NO_ERROR} ${joined}`);
    expect(wifi.asked).toEqual([{ ssid: "MyWirelessAP", password: "mysecurepassword" }]);
    // the state again, now with the result
    await laptop.ask(`${HEAD} 03 02 02 00 e5`, `${NO_ERROR} ${HEAD} 01 01 04 e4 ${HEAD} 04 02 01 00 e5`);
  });

  it("goes on in the same way after noise, cut packets and lines of text", async () => {
    const { laptop } = await cable();
    const noise = concatBytes(utf8("\r\nraspberrypi login: IMPIMPROV"), Uint8Array.of(2, 0xff, 0, 10));
    const ask = fromHex(`${HEAD}03020200e5`);
    await laptop.ask(concatBytes(noise, ask, utf8("\n")), `${NO_ERROR} ${HEAD} 01 01 02 e2`);
  });

  it("says what was wrong: checksum, command, length inside, network", async () => {
    const { wifi, laptop } = await cable();
    await laptop.ask(`${HEAD} 03 02 02 00 e6`, `${HEAD} 02 01 01 e2`);
    await laptop.ask(`${HEAD} 03 02 09 00 ec`, `${NO_ERROR} ${HEAD} 02 01 02 e3`);
    await laptop.ask(`${HEAD} 03 02 03 01 e7`, `${HEAD} 02 01 01 e2`);
    wifi.password = "another one";
    await laptop.ask(WISH, `${NO_ERROR} ${HEAD} 01 01 03 e3 ${HEAD} 01 01 02 e2 ${HEAD} 02 01 03 e4`);
  });
});
