import { describe, expect, it } from "vitest";
import type { WifiJoin, WifiNetwork, WifiScan, WifiSetup } from "../../../../../firmware/ports/wifi.ts";
import { ImprovSession } from "../../../../../kiosk/provision/improv/improv-session.ts";
import { encodeTexts, type ImprovFrame, type WifiCredentials } from "../../../../../protocol/improv/rpc.ts";
import type { Dbm } from "../../../../../protocol/units.ts";
import { silentLogger } from "../../../../../runtime/log.ts";
import { ManualTimers } from "../../../../support/manual-timers.ts";
import { waitFor } from "../../../../support/wait-for.ts";

const HOME: WifiNetwork = { ssid: "Chợ", rssi: -52 as Dbm, security: "wpa2" };
const OPEN: WifiNetwork = { ssid: "Cafe", rssi: -70 as Dbm, security: "none" };

/** A Wi-Fi that answers when the test says so. */
class SlowWifi implements WifiSetup {
  readonly asked: WifiCredentials[] = [];
  networks: readonly WifiNetwork[] = [OPEN, HOME, { ...HOME, rssi: -80 as Dbm }, { ...OPEN, ssid: "" }];
  scans = 0;
  answer = (_join: WifiJoin): void => {};

  async status(): Promise<{ present: true }> {
    return { present: true };
  }
  async scan(): Promise<WifiScan> {
    this.scans += 1;
    return { kind: "networks", networks: this.networks };
  }
  join(credentials: WifiCredentials, signal: AbortSignal): Promise<WifiJoin> {
    this.asked.push(credentials);
    return new Promise((resolve) => {
      this.answer = resolve;
      signal.addEventListener("abort", () => resolve({ kind: "failed", why: "timeout" }));
    });
  }
}

function rig(isOverAir = true, resultRoom = 255) {
  const said: string[] = [];
  const wifi = new SlowWifi();
  const timers = new ManualTimers();
  let identified = 0;
  const session = new ImprovSession({
    link: {
      isOverAir,
      resultRoom,
      state: (value) => said.push(`state ${value}`),
      error: (value) => said.push(`error ${value}`),
      result: (command, texts) => said.push(`result ${command} ${texts.join("|")}`),
    },
    wifi,
    device: ["Bluepost", "1.2.3", "Pi 4", "kiosk-0a1b"],
    identify: () => {
      identified += 1;
    },
    timers,
    logger: silentLogger,
  });
  session.open();
  /** What it says to a command, after everything that it does at once. */
  const ask = async (command: number, data: Uint8Array = new Uint8Array(0)): Promise<string[]> => {
    said.length = 0;
    session.receive({ kind: "command", command, data });
    await new Promise(setImmediate);
    return [...said];
  };
  return { session, said, wifi, timers, ask, identified: () => identified };
}

const wish = encodeTexts(["Chợ", "bí mật 123"]);
const BROKEN: ImprovFrame = { kind: "broken" };

describe("over the air", () => {
  it("begins unauthorised, and takes no network before somebody pressed the button", async () => {
    const { said, ask, wifi } = rig();
    expect(said).toEqual(["state 1", "error 0"]);
    expect(await ask(1, wish)).toEqual(["error 0", "error 4"]);
    expect(wifi.asked).toEqual([]);
  });

  it("identifies itself, says what it is and what it hears before the button", async () => {
    const { ask, identified } = rig();
    expect(await ask(2)).toEqual(["error 0"]);
    expect(identified()).toBe(1);
    expect(await ask(3)).toEqual(["error 0", "result 3 Bluepost|1.2.3|Pi 4|kiosk-0a1b"]);
    expect(await ask(4)).toEqual(["error 0", "result 4 Chợ|-52|WPA2|Cafe|-70|NO"]);
  });

  it("joins the network that is sent after the button, and is done", async () => {
    const { session, said, ask, wifi, timers } = rig();
    session.authorize();
    expect(await ask(1, wish)).toEqual(["error 0", "state 3"]);
    expect(wifi.asked).toEqual([{ ssid: "Chợ", password: "bí mật 123" }]);
    wifi.answer({ kind: "joined" });
    await waitFor(() => said.includes("state 4"));
    expect(said.slice(2)).toEqual(["state 4", "result 1 "]);
    timers.advance(600_000);
    expect(session.progress).toEqual({ state: 4, error: 0 });
    expect(await ask(1, wish)).toEqual(["error 0", "error 255"]);
  });

  it("takes the authorisation back after a minute, and each press begins the minute anew", () => {
    const { session, said, timers } = rig();
    session.authorize();
    timers.advance(59_999);
    expect(session.progress.state).toBe(2);
    session.authorize();
    timers.advance(59_999);
    expect(session.progress.state).toBe(2);
    timers.advance(1);
    expect(said.at(-1)).toBe("state 1");
    expect(timers.pending).toEqual([]);
  });

  it("begins the minute anew when a network could not be joined", async () => {
    const { session, said, ask, wifi, timers } = rig();
    session.authorize();
    timers.advance(50_000);
    await ask(1, wish);
    timers.advance(20_000);
    expect(session.progress.state).toBe(3);
    wifi.answer({ kind: "failed", why: "refused" });
    await waitFor(() => said.includes("error 3"));
    expect(session.progress).toEqual({ state: 2, error: 3 });
    timers.advance(59_999);
    expect(session.progress.state).toBe(2);
    timers.advance(1);
    expect(session.progress.state).toBe(1);
  });

  it("gives up joining before a client does", async () => {
    const { session, said, ask, timers } = rig();
    session.authorize();
    await ask(1, wish);
    timers.advance(25_000);
    await waitFor(() => said.includes("error 3"));
    expect(session.progress.state).toBe(2);
  });

  it("does one thing at a time while it joins", async () => {
    const { session, ask, wifi, identified } = rig();
    session.authorize();
    await ask(1, wish);
    for (const command of [1, 2, 3, 4]) {
      expect(await ask(command, command === 1 ? wish : undefined)).toEqual(["error 0", "error 255"]);
    }
    session.authorize();
    expect([session.progress.state, wifi.asked.length, identified()]).toEqual([3, 1, 0]);
  });

  it("says which kind of nonsense it was sent", async () => {
    const { session, said, ask } = rig();
    session.authorize();
    said.length = 0;
    session.receive(BROKEN);
    expect(said).toEqual(["error 1"]);
    expect(await ask(9)).toEqual(["error 0", "error 2"]);
    expect(await ask(0)).toEqual(["error 0", "error 2"]);
    expect(await ask(2, Uint8Array.of(1))).toEqual(["error 0", "error 1"]);
    expect(await ask(1, Uint8Array.of(9, 65))).toEqual(["error 0", "error 1"]);
    expect(session.progress.state).toBe(2);
  });

  it("tells of the strongest networks as many as fit", async () => {
    const { ask } = rig(true, 14);
    expect(await ask(4)).toEqual(["error 0", "result 4 "]);
    const { ask: askWider } = rig(true, 15);
    expect(await askWider(4)).toEqual(["error 0", "result 4 Chợ|-52|WPA2"]);
  });

  it("stops joining and says nothing more when it is closed", async () => {
    const { session, said, ask, timers } = rig();
    session.authorize();
    await ask(1, wish);
    said.length = 0;
    session.close();
    session.receive({ kind: "command", command: 3, data: new Uint8Array(0) });
    session.authorize();
    timers.advance(600_000);
    await new Promise(setImmediate);
    expect(said).toEqual([]);
  });

  it("says unknown when the Wi-Fi breaks, and logs no name", async () => {
    const { session, ask, wifi } = rig();
    session.authorize();
    wifi.scan = () => Promise.reject(new Error("Chợ"));
    expect(await ask(4)).toEqual(["error 0", "error 255"]);
    wifi.join = () => Promise.reject(new Error("Chợ"));
    expect(await ask(1, wish)).toEqual(["error 0", "state 3", "state 2", "error 3"]);
  });
});

describe("over a cable", () => {
  it("needs no button, and tells its state when asked", async () => {
    const { session, said, ask } = rig(false);
    expect(said).toEqual(["state 2", "error 0"]);
    expect(await ask(2)).toEqual(["error 0", "state 2"]);
    session.authorize();
    expect(session.progress.state).toBe(2);
  });

  it("tells each network by itself, then an empty list", async () => {
    const { ask } = rig(false);
    expect(await ask(4)).toEqual(["error 0", "result 4 Chợ|-52|YES", "result 4 Cafe|-70|NO", "result 4 "]);
  });

  it("goes on after a network was joined, so that another one can be", async () => {
    const { said, ask, wifi, session } = rig(false);
    await ask(1, wish);
    wifi.answer({ kind: "joined" });
    await waitFor(() => said.includes("state 4"));
    expect(await ask(2)).toEqual(["error 0", "state 4", "result 1 "]);
    expect(await ask(1, wish)).toEqual(["error 0", "state 3"]);
    wifi.answer({ kind: "failed", why: "other" });
    await waitFor(() => said.includes("error 3"));
    expect(session.progress.state).toBe(2);
  });
});
