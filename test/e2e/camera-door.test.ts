import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProcessDoor, ProcessSite } from "../../sim/site/process-site.ts";
import { ScreenWatch } from "../support/screen-watch.ts";
import { waitFor } from "../support/wait-for.ts";

const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";
const SECOND = "091090000002||Trần Thị Hoa|01011991|Nữ|2 Trần Phú|15042021";
/** A start of the camera, and a tick of the screen. */
const SOON = { timeoutMs: 30_000 } as const;

describe("a door that reads codes with a camera", () => {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-camera-"));
  const lines: string[] = [];
  let site: ProcessSite;
  let door: ProcessDoor;
  let watch: ScreenWatch;

  beforeAll(async () => {
    site = await ProcessSite.open({
      folder,
      site: "school-1",
      doors: [{ device: "door-1", venue: "7k3m9q2x", name: "Cổng trường", reader: "camera" }],
      log: (part, line) => lines.push(`${part} ${line}`),
    });
    door = site.doors[0] as ProcessDoor;
    watch = new ScreenWatch(door.screen);
    await watch.open();
  });
  afterAll(async () => {
    await watch?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("checks in who holds a card before the lens", async () => {
    await waitFor(() => lines.some((line) => line.includes("scanner.present")), { ...SOON, what: "the camera" });
    await door.scanner.present(CARD);
    await waitFor(() => watch.accepted.has("000001"), { ...SOON, what: "a check-in" });
  });

  it("says in its log that the camera is gone, and checks in again once it is back", async () => {
    door.scanner.unplug();
    await waitFor(() => lines.some((line) => line.includes("ribbon cable")), { ...SOON, what: "the log's word" });
    const before = lines.length;
    door.scanner.plug();
    await waitFor(() => lines.slice(before).some((line) => line.includes("scanner.present")), {
      ...SOON,
      what: "the camera's return",
    });
    await door.scanner.present(SECOND);
    await waitFor(() => watch.accepted.has("000002"), { ...SOON, what: "a check-in" });
  });

  it("names nobody in its log", () => {
    expect(lines.filter((line) => line.includes("09109000000"))).toEqual([]);
  });
});
