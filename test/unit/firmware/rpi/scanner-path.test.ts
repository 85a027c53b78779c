import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chooseScanner, findScannerPath } from "../../../../firmware/rpi/scanner-path.ts";
import { tempFolder } from "../../../support/temp.ts";

/** A device folder with these files. */
function devices(...paths: readonly string[]): string {
  const root = tempFolder();
  for (const path of paths) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  return root;
}

describe("findScannerPath", () => {
  it("believes a path that is given, there or not", async () => {
    expect(await findScannerPath("/dev/ttyX9")).toEqual({ kind: "found", path: "/dev/ttyX9" });
  });

  it("prefers names by id over bare ones, and leaves boards alone", async () => {
    const root = devices(
      "serial/by-id/usb-Arduino_Uno_55-if00",
      "serial/by-id/usb-USBKey_Chip_GM65_1-if00",
      "ttyACM0",
      "ttyACM1",
    );
    expect(await findScannerPath("auto", { deviceFolder: root })).toEqual({
      kind: "found",
      path: join(root, "serial/by-id/usb-USBKey_Chip_GM65_1-if00"),
    });
  });

  it("takes a bare device where there are no names by id, as in a container", async () => {
    const root = devices("ttyUSB0", "tty1");
    expect(await findScannerPath("auto", { deviceFolder: root })).toEqual({
      kind: "found",
      path: join(root, "ttyUSB0"),
    });
  });

  it("does not take what belongs to other hardware", async () => {
    const root = devices("ttyACM0", "ttyACM1");
    const exclude = [join(root, "ttyACM0")];
    expect(await findScannerPath("auto", { deviceFolder: root, exclude })).toMatchObject({
      path: join(root, "ttyACM1"),
    });
  });

  it("follows a pattern with stars", async () => {
    const root = devices("ttyS0", "usb-Honeywell_3320-if00", "usb-Honeywell_3320-if01");
    expect(await findScannerPath(join(root, "usb-*3320*00"))).toEqual({
      kind: "found",
      path: join(root, "usb-Honeywell_3320-if00"),
    });
    expect(await findScannerPath(join(root, "none*"))).toMatchObject({ kind: "missing" });
  });

  it("says in words that nothing is there", async () => {
    const found = await findScannerPath("auto", { deviceFolder: join(tempFolder(), "absent") });
    expect(found).toMatchObject({ kind: "missing", reason: expect.stringMatching(/plug it in/) });
  });
});

describe("chooseScanner", () => {
  it("takes a known name before an unknown one", () => {
    expect(chooseScanner(["/x/usb-FTDI_cable", "/x/usb-Symbol_Technologies_DS9208"])).toMatchObject({
      path: "/x/usb-Symbol_Technologies_DS9208",
    });
  });

  it("does not guess between two unknown devices", () => {
    expect(chooseScanner(["/x/usb-a", "/x/usb-b"])).toMatchObject({
      kind: "missing",
      reason: expect.stringMatching(/more than one/),
    });
  });
});
