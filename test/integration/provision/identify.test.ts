import { join } from "node:path";
import { expect, it } from "vitest";
import type { ScreenState } from "../../../protocol/http/kiosk-screen.ts";
import { freePort, runToEnd, spawnPart, tempFolder } from "../../support/processes.ts";

const script = "dist/kiosk/main.js";

it("lets a machine show itself that has no papers yet, asked on the machine itself", async () => {
  const port = await freePort();
  const set = [
    "-s",
    `dataDir=${join(tempFolder(), "data")}`,
    `screen.port=${port}`,
    "screen.host=0.0.0.0",
    "radio.use=off",
  ];
  const kiosk = await spawnPart({ script, args: ["start", ...set] });
  const { code, stdout } = await runToEnd({ script, args: ["identify", "--json", ...set] });
  expect([code, JSON.parse(stdout)]).toEqual([0, { identified: true, page: `http://127.0.0.1:${port}` }]);
  const state = (await (await fetch(`http://127.0.0.1:${port}/api/state`)).json()) as ScreenState;
  expect(state).toMatchObject({ mode: "provision", identify: true });
  await kiosk.stop();
});

it("says what to do when no kiosk runs here", async () => {
  const port = await freePort();
  const { code, stderr } = await runToEnd({ script, args: ["identify", "-s", `screen.port=${port}`] });
  expect(code).toBe(69);
  expect(stderr).toContain("systemctl status bluepost-kiosk");
});
