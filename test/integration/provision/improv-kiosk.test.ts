import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ScreenState } from "../../../protocol/http/kiosk-screen.ts";
import { Pty } from "../../../sim/devices/pty.ts";
import { freePort, startPart, waitFor } from "../../support/processes.ts";
import { noPtys } from "../../support/ptys.ts";
import { tempFolder } from "../../support/temp.ts";

const why = existsSync("/usr/bin/nmcli")
  ? "skipped: this machine has NetworkManager, which a test must not touch"
  : noPtys;

describe.skipIf(why !== "")(`a kiosk without papers and without NetworkManager ${why}`, () => {
  it("says on its screen that the Wi-Fi cannot be set up, holds no line, and ends when it is told to", async () => {
    const home = tempFolder();
    const laptop = Pty.open();
    onTestFinished(() => laptop.close());
    let heard = 0;
    laptop.onData((bytes) => {
      heard += bytes.length;
    });
    const port = await freePort();
    const settings = [
      `dataDir=${home}`,
      `scanner.path=${join(home, "none")}`,
      `screen.port=${port}`,
      "setupFile=",
      `improv.serial=${laptop.path}`,
      "improv.bluetooth=true",
    ];
    const args = ["start", ...settings.flatMap((one) => ["--set", one])];
    const part = startPart({ script: "dist/kiosk/main.js", args });
    expect(await part.whenReady()).toMatchObject({ state: "setup" });
    const state = async (): Promise<ScreenState> =>
      (await fetch(`http://127.0.0.1:${port}/api/state`)).json() as Promise<ScreenState>;
    const { wifi } = await waitFor(async () => {
      const now = await state();
      return now.wifi ? now : null;
    });
    expect(wifi).toEqual({ step: "unavailable", leftSeconds: 0, bluetooth: true, cable: true });
    await laptop.write(Buffer.from("494d50524f560103020200e5", "hex"));
    expect(await part.stop()).toMatchObject({ code: 0 });
    expect(heard).toBe(0);
  });
});
