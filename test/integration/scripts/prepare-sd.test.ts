import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadKioskConfig } from "../../../kiosk/config.ts";
import { parseSiteId, parseVenueId } from "../../../protocol/ids.ts";
import { encodeSetupCode } from "../../../protocol/qr/setup-code.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { runToEnd, tempFolder } from "../../support/processes.ts";

/** A boot partition as Raspberry Pi OS leaves it. */
function boot(files: Readonly<Record<string, string>> = {}): string {
  const folder = tempFolder();
  const all = {
    "config.txt": "arm_64bit=1\n",
    "cmdline.txt": "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait resize\n",
    "user-data": "#cloud-config\n",
    ...files,
  };
  for (const [name, text] of Object.entries(all)) if (text !== "") writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "../bluepost_0.1.0_arm64.deb"), "package");
  return folder;
}

const deb = (folder: string): string => join(folder, "../bluepost_0.1.0_arm64.deb");
const prepare = (...args: readonly string[]) => runToEnd({ script: "scripts/prepare-sd.mjs", args });
const text = (folder: string, name: string): string => readFileSync(join(folder, name), "utf8");

/** cloud-init reads YAML, of which JSON is a part. */
function cloud(
  folder: string,
  name = "user-data",
): Record<string, unknown> & { runcmd: string[][]; write_files: { path: string; content: string }[] } {
  return JSON.parse(text(folder, name).replace(/^#.*$/gm, ""));
}

const SETUP = encodeSetupCode(nodeCrypto, {
  url: "http://192.168.1.2:8081",
  caSha256: "ab".repeat(32),
  token: "t".repeat(22),
  site: parseSiteId("cho-ben-thanh"),
  venue: parseVenueId("7k3m9q2x"),
});

describe("prepare-sd", () => {
  it("makes a card whose first start installs the package without internet and sets the kiosk up", async () => {
    const folder = boot();
    const { code, stderr } = await prepare(
      folder,
      "--name",
      "door-1",
      "--deb",
      deb(folder),
      "--roles",
      "kiosk",
      "--setup",
      SETUP,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("ten minutes") });
    const { runcmd, hostname, ssh_pwauth } = cloud(folder);
    expect({ hostname, ssh_pwauth }).toEqual({ hostname: "door-1", ssh_pwauth: false });
    const commands = runcmd.map((words) => words.join(" "));
    expect(commands).toContainEqual(
      expect.stringMatching(/apt-get install .*\/boot\/firmware\/bluepost_0\.1\.0_arm64\.deb$/),
    );
    expect(commands.filter((command) => command.includes("apt-get update"))).toEqual([]);
    expect(text(folder, "bluepost_0.1.0_arm64.deb")).toBe("package");
    expect(text(folder, "bluepost-setup.txt")).toContain(`\n${SETUP}\n`);
    expect(text(folder, "user-data").startsWith("#cloud-config\n")).toBe(true);
    expect(existsSync(join(folder, "user-data.orig"))).toBe(true);
  });

  it("writes the same bytes when it runs again, and others with other options", async () => {
    const folder = boot();
    const args = [folder, "--deb", deb(folder), "--uart", "pinctrl-bcm2711", "--data-partition"];
    const read = () =>
      ["user-data", "network-config", "meta-data", "config.txt", "cmdline.txt"].map((name) => text(folder, name));
    await prepare(...args);
    const first = read();
    await prepare(...args);
    expect(read()).toEqual(first);
    await prepare(...args, "--name", "door-2");
    expect(text(folder, "meta-data")).not.toBe(first[2]);
    expect(text(folder, "user-data.orig")).toBe("#cloud-config\n");
  });

  it("joins a Wi-Fi with a Vietnamese name, and keeps a cable", async () => {
    const folder = boot();
    writeFileSync(join(folder, "password"), "mat khau1234\n");
    const { code } = await prepare(
      folder,
      "--deb",
      deb(folder),
      "--wifi",
      "Chợ Bến Thành",
      "--wifi-password-file",
      join(folder, "password"),
    );
    expect(code).toBe(0);
    expect(cloud(folder, "network-config")).toMatchObject({
      network: {
        ethernets: { eth0: { dhcp4: true } },
        wifis: {
          wlan0: { "regulatory-domain": "VN", "access-points": { "Chợ Bến Thành": { password: "mat khau1234" } } },
        },
      },
    });
  });

  it("lets the kiosk take its Wi-Fi from a phone, and switches the Wi-Fi on for it", async () => {
    const folder = boot();
    await prepare(folder, "--deb", deb(folder), "--improv");
    const { write_files: files, runcmd } = cloud(folder);
    const settings = files.find(({ path }) => path === "/etc/bluepost/kiosk.toml")?.content as string;
    writeFileSync(join(folder, "kiosk.toml"), settings);
    const { improv } = loadKioskConfig({ file: join(folder, "kiosk.toml"), env: {} });
    expect(improv).toEqual({ bluetooth: true, serial: "off" });
    expect(runcmd).toContainEqual(["raspi-config", "nonint", "do_wifi_country", "VN"]);
    const { code, stderr } = await prepare(folder, "--deb", deb(folder), "--improv", "--data-partition", "--read-only");
    expect([code, stderr]).toEqual([64, expect.stringMatching(/forgotten at the next start/)]);
  });

  it("gives a scanner on wires its lines, takes the console off them, and gives the ledger room", async () => {
    const folder = boot();
    await prepare(folder, "--deb", deb(folder), "--uart", "pinctrl-rp1", "--data-partition");
    expect(text(folder, "config.txt")).toMatch(
      /^arm_64bit=1\n\n# bluepost: begin\n\[all\]\n.*\ndtparam=uart0=on\n# bluepost: end\n$/s,
    );
    expect(text(folder, "cmdline.txt")).toBe("console=tty1 root=PARTUUID=1-02 rootwait\n");
    const { write_files: files, runcmd } = cloud(folder);
    const settings = files.find(({ path }) => path === "/etc/bluepost/kiosk.toml")?.content as string;
    mkdirSync(join(folder, "etc"));
    writeFileSync(join(folder, "etc/kiosk.toml"), settings);
    expect(loadKioskConfig({ file: join(folder, "etc/kiosk.toml"), env: {} }).scanner).toMatchObject({
      path: "/dev/ttyAMA0",
      baudRate: 9600,
    });
    const words = runcmd.map((command) => command.join(" "));
    const [partition, install] = [/make-data-partition/, /apt-get install/].map((what) =>
      words.findIndex((line) => what.test(line)),
    );
    expect(partition).toBeLessThan(install as number);
    expect(text(folder, "bluepost/var-lib-bluepost.mount")).toMatch(/^Options=noatime,.*commit=\d+/m);
  });

  it("makes the system read-only only when the ledger has a partition of its own", async () => {
    const folder = boot();
    const refused = await prepare(folder, "--deb", deb(folder), "--read-only");
    expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining("--data-partition") });
    expect((await prepare(folder, "--deb", deb(folder), "--read-only", "--data-partition")).code).toBe(0);
    expect(cloud(folder).runcmd.at(-1)).toEqual(["sh", "/boot/firmware/bluepost/finish-card", "--read-only"]);
    expect(cloud(folder).runcmd.flat()).not.toContain("do_overlayfs");
    expect(text(folder, "bluepost/finish-card")).toMatch(/^#!\/bin\/sh\n/);
  });

  it("lets nothing of Bluepost start without the partition that the card was to have", async () => {
    const folder = boot();
    const conditionOf = () =>
      cloud(folder).write_files.find(({ path }) => path.startsWith("/etc/systemd/system/bluepost-.service.d/"))
        ?.content;
    await prepare(folder, "--deb", deb(folder));
    expect(conditionOf()).toBeUndefined();
    await prepare(folder, "--deb", deb(folder), "--data-partition");
    expect(conditionOf()).toBe("[Unit]\nAssertPathIsMountPoint=/var/lib/bluepost\n");
    expect(cloud(folder).runcmd.at(-1)).toEqual(["sh", "/boot/firmware/bluepost/finish-card"]);
  });

  it("takes packages from a repository only with its key", async () => {
    const folder = boot();
    expect((await prepare(folder, "--repo", "https://packages.example/bluepost")).code).toBe(64);
    writeFileSync(join(folder, "key.gpg"), "key");
    expect(
      (await prepare(folder, "--repo", "https://packages.example/bluepost", "--repo-key", join(folder, "key.gpg")))
        .code,
    ).toBe(0);
    const list = cloud(folder).write_files.find(({ path }) => path.endsWith("bluepost.list"))?.content;
    expect(list).toBe(
      "deb [signed-by=/usr/share/keyrings/bluepost.gpg] https://packages.example/bluepost stable main\n",
    );
  });

  it("leaves what `bluepost-update` needs: the package of this version for the way back, and the key of the next", async () => {
    const folder = boot();
    writeFileSync(join(folder, "../update.gpg"), new Uint8Array([0x98, 0x33, 0x04]));
    const { code } = await prepare(folder, "--deb", deb(folder), "--update-key", join(folder, "../update.gpg"));
    expect(code).toBe(0);
    expect(cloud(folder).write_files).toContainEqual({
      path: "/etc/bluepost/update.gpg",
      encoding: "b64",
      content: "mDME",
    });
    const keep = cloud(folder).runcmd.find((words) => words.join(" ").includes("/packages"));
    const machine = tempFolder();
    writeFileSync(join(machine, "dpkg-query"), "#!/bin/sh\necho 0.1.0\n", { mode: 0o755 });
    const [program = "", ...args] = (keep as string[]).map((word) =>
      word.replaceAll("/boot/firmware", folder).replaceAll("/var/lib/bluepost", join(machine, "state")),
    );
    spawnSync(program, args, { env: { PATH: `${machine}:/usr/bin:/bin` } });
    expect(text(machine, "state/packages/bluepost_0.1.0.deb")).toBe("package");
  });

  it("says so when a card will take no update from a stick, and takes a repository's key for it", async () => {
    const folder = boot();
    const without = await prepare(folder, "--deb", deb(folder));
    expect(without).toMatchObject({ code: 0, stderr: expect.stringMatching(/no update from a stick.*--update-key/) });
    writeFileSync(join(folder, "key.gpg"), "key");
    const { stderr } = await prepare(
      folder,
      "--repo",
      "https://packages.example",
      "--repo-key",
      join(folder, "key.gpg"),
    );
    expect(stderr).not.toContain("--update-key");
    expect(cloud(folder).write_files.map(({ path }) => path)).toContain("/etc/bluepost/update.gpg");
  });

  it.each([
    ["a folder that is not there", 64, "There is no folder", () => ["/no/such/folder"]],
    ["a folder that is no boot partition", 64, "no boot partition", () => [tempFolder()]],
    ["an image that does not read cloud-init", 69, "October 2025", () => [boot({ "user-data": "" })]],
    ["no package", 64, "--deb FILE", () => [boot()]],
    ["a package for a PC", 64, "arm64", () => [boot(), "--deb", "bluepost_0.1.0_amd64.deb"]],
    ["an unknown role", 64, "Unknown role toaster", () => [boot(), "--roles", "toaster"]],
    ["an unknown chip", 64, "pinctrl-bcm2711", (folder = boot()) => [folder, "--deb", deb(folder), "--uart", "bcm"]],
    ["a code that is none", 64, "BPS:", (folder = boot()) => [folder, "--deb", deb(folder), "--setup", "hello"]],
    [
      "a key that gpgv does not read",
      64,
      "without --armor",
      (folder = boot({ "key.asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" })) => [
        ...[folder, "--deb", deb(folder)],
        ...["--update-key", join(folder, "key.asc")],
      ],
    ],
    ["a name with a shell in it", 64, "no name", () => [boot(), "--name", "door$(reboot)"]],
  ] as readonly [string, number, string, () => readonly string[]][])(
    "refuses %s, and says what to do",
    async (_, expected, hint, args) => {
      const { code, stderr } = await prepare(...args());
      expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringContaining(hint) });
    },
  );
});
