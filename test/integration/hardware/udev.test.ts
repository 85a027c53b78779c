import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../../support/repository.ts";
import { readSources } from "../../support/sources.ts";

const FOLDER = "hardware/image/udev";
const files = readdirSync(join(repository, FOLDER));
/** systemd's rules that look up who made a serial device: ID_VENDOR_ID is empty before them. */
const WHO_MADE_IT = "60-serial.rules";
/** ModemManager's first rules, which may take a serial device for a modem. */
const MODEMS = "77-mm-usb-device-blacklist.rules";

describe("the udev rules", () => {
  it("are read after the maker of a serial device is known, and before anybody looks for modems", () => {
    expect(files).not.toEqual([]);
    const order = [WHO_MADE_IT, ...files.toSorted(), MODEMS];
    expect(order).toEqual(order.toSorted());
  });

  it("ask for what those rules set, so that the order matters", () => {
    const rules = readSources(files.map((name) => `${FOLDER}/${name}`)).map(({ text }) => text);
    expect(rules.join("\n")).toMatch(/^SUBSYSTEM=="tty", ENV\{ID_VENDOR_ID\}==.*SYMLINK\+="bluepost-scanner"/m);
  });
});
