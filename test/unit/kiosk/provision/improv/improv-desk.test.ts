import { expect, it, onTestFinished } from "vitest";
import type { ByteLine, ImprovCentral, ImprovRadio, ImprovValues } from "../../../../../firmware/ports/improv.ts";
import type { DeviceStatus } from "../../../../../firmware/ports/qr-scanner.ts";
import { ImprovDesk } from "../../../../../kiosk/provision/improv/improv-desk.ts";
import type { WifiProgress } from "../../../../../protocol/http/kiosk-screen.ts";
import { encodeImprovFrame, encodeTexts } from "../../../../../protocol/improv/rpc.ts";
import type { Logger } from "../../../../../runtime/log.ts";
import { TEST_DEVICE, TestWifi } from "../../../../support/improv.ts";
import { ManualTimers } from "../../../../support/manual-timers.ts";
import { waitFor } from "../../../../support/wait-for.ts";

/** A radio that one central can reach while it is open. */
class FakeRadio implements ImprovRadio {
  central: ImprovCentral | null = null;
  values: ImprovValues | null = null;
  async open(values: ImprovValues, central: ImprovCentral): Promise<void> {
    this.values = values;
    this.central = central;
  }
  tell(what: "state" | "error" | "result", bytes: Uint8Array): void {
    if (this.values) this.values = { ...this.values, [what]: what === "result" ? bytes : (bytes[0] ?? 0) };
  }
  status(): DeviceStatus {
    return this.central ? { present: true } : { present: false, reason: "closed" };
  }
  async close(): Promise<void> {
    this.central = null;
  }
}

class FakeLine implements ByteLine {
  isHeld = false;
  async serve(_received: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    this.isHeld = true;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    this.isHeld = false;
  }
  write(): void {
    // nobody reads
  }
  status(): DeviceStatus {
    return { present: this.isHeld, reason: "" };
  }
}

function writing(lines: string[]): Logger {
  const write = (event: string, fields: object = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
  return { error: write, warn: write, info: write, debug: write };
}

const WISH = encodeImprovFrame(1, encodeTexts(["MyWirelessAP", "mysecurepassword"]));

function rig(lines: string[] = []) {
  const radio = new FakeRadio();
  const line = new FakeLine();
  const wifi = new TestWifi();
  const timers = new ManualTimers();
  const lamps: string[] = [];
  const screen: WifiProgress[] = [];
  let press = (): void => {};
  const desk = new ImprovDesk({
    ...{ radio, line, wifi, timers, logger: writing(lines), device: TEST_DEVICE },
    indicator: {
      show: (signal) => lamps.push(signal),
      openGate: () => undefined,
      silence: () => undefined,
      onButton: (pressed) => {
        press = pressed;
        return () => {
          press = () => undefined;
        };
      },
      status: () => ({ present: true }),
      close: async () => undefined,
    },
    screen: { click: () => undefined, show: () => undefined, update: ({ wifi: told }) => told && screen.push(told) },
  });
  onTestFinished(() => desk.close());
  desk.open();
  const step = (): string | undefined => screen.at(-1)?.step;
  const until = (wanted: string): Promise<unknown> => waitFor(() => step() === wanted, { what: wanted, everyMs: 1 });
  return { desk, radio, line, wifi, timers, lamps, screen, step, until, press: () => press() };
}

it("opens what is configured, and counts the button's minute down on the screen", async () => {
  const { radio, line, screen, lamps, timers, until, press } = rig();
  await until("waiting");
  expect([radio.values?.state, line.isHeld, screen]).toEqual([
    1,
    true,
    [{ step: "waiting", leftSeconds: 0, bluetooth: true, cable: true }],
  ]);
  press();
  await until("authorized");
  expect([radio.values?.state, lamps, screen.at(-1)?.leftSeconds]).toEqual([2, ["out"], 60]);
  timers.advance(10_000);
  expect(screen.at(-1)).toMatchObject({ step: "authorized", leftSeconds: 50 });
  press();
  await waitFor(() => screen.at(-1)?.leftSeconds === 60);
  timers.advance(60_000);
  expect([screen.at(-1)?.step, radio.values?.state]).toEqual(["waiting", 1]);
});

it("says that a network was joined, lets the phone read it, and then nobody can connect", async () => {
  const { radio, lamps, timers, until, press, screen } = rig();
  await until("waiting");
  press();
  await until("authorized");
  radio.central?.written(WISH);
  await until("joined");
  expect([lamps, screen.map(({ step }) => step)]).toEqual([
    ["out", "in"],
    ["waiting", "authorized", "joining", "joined"],
  ]);
  expect(radio.values).toMatchObject({ state: 4, error: 0, result: Uint8Array.of(1, 0, 1) });
  timers.advance(9_999);
  expect(radio.central).not.toBeNull();
  timers.advance(1);
  await waitFor(() => radio.central === null);
});

it("can be opened again by the button, when it was the wrong network", async () => {
  const { radio, timers, until, press } = rig();
  await until("waiting");
  press();
  await until("authorized");
  radio.central?.written(WISH);
  await until("joined");
  timers.advance(10_000);
  await waitFor(() => radio.central === null);
  press();
  await until("authorized");
  expect([radio.central !== null, radio.values?.state]).toEqual([true, 2]);
});

it("says that a network was not joined, and begins the minute anew", async () => {
  const { radio, lamps, wifi, until, press } = rig();
  wifi.password = "another one";
  await until("waiting");
  press();
  await until("authorized");
  radio.central?.written(WISH);
  await until("failed");
  expect([lamps, radio.values?.state, radio.values?.error]).toEqual([["out", "denied"], 2, 3]);
});

it("says that a command was cut when its rest does not come, and forgets it", async () => {
  const { radio, timers, until } = rig();
  await until("waiting");
  radio.central?.written(WISH.slice(0, 20));
  timers.advance(1_999);
  expect(radio.values?.error).toBe(0);
  timers.advance(1);
  expect(radio.values?.error).toBe(1);
  radio.central?.written(WISH);
  expect(radio.values?.error).toBe(4);
});

it("opens the radio again when it was lost, with what it said last", async () => {
  const { radio, timers, until, press } = rig();
  await until("waiting");
  press();
  await until("authorized");
  radio.central = null;
  radio.values = null;
  timers.advance(2_000);
  await waitFor(() => radio.central !== null);
  expect(radio.values).toMatchObject({ state: 2, error: 0, capabilities: 7 });
});

it("logs neither name nor password, whatever comes of them", async () => {
  const lines: string[] = [];
  const { radio, wifi, until, press } = rig(lines);
  await until("waiting");
  press();
  await until("authorized");
  wifi.password = "another one";
  radio.central?.written(WISH);
  await until("failed");
  wifi.join = () => Promise.reject(new Error("MyWirelessAP mysecurepassword"));
  radio.central?.written(WISH);
  await waitFor(() => lines.some((line) => line.startsWith("improv.failed")));
  wifi.join = async () => ({ kind: "joined" });
  radio.central?.written(WISH);
  await until("joined");
  expect(lines).toEqual([
    'improv.not_joined {"why":"refused"}',
    'improv.failed {"fault":"Error"}',
    'improv.not_joined {"why":"fault"}',
    "improv.joined {}",
  ]);
});

it("lights and sounds the box that a phone asks for", async () => {
  const { radio, lamps, until } = rig();
  await until("waiting");
  radio.central?.written(encodeImprovFrame(2, new Uint8Array(0)));
  expect(lamps).toEqual(["identify"]);
});

it("waits for a Wi-Fi that comes later, and says so meanwhile", async () => {
  const { radio, line, wifi, timers, until } = rig();
  wifi.reason = "NetworkManager is not running";
  await until("unavailable");
  expect([radio.central, line.isHeld]).toEqual([null, false]);
  wifi.reason = "";
  timers.advance(10_000);
  await until("waiting");
  expect(line.isHeld).toBe(true);
});

it("leaves nothing open when it is closed, also in the middle of joining", async () => {
  const { desk, radio, line, wifi, timers, until, press } = rig();
  let isEnded = false;
  wifi.join = (_wish, signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        isEnded = true;
        resolve({ kind: "failed", why: "timeout" });
      });
    });
  await until("waiting");
  press();
  await until("authorized");
  radio.central?.written(WISH);
  await until("joining");
  await desk.close();
  press();
  expect([isEnded, radio.central, line.isHeld, timers.pending]).toEqual([true, null, false, []]);
});
