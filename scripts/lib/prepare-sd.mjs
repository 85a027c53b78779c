// What Raspberry Pi OS (from October 2025) reads from its boot partition at the first start: cloud-init's files.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { dataPartition, mountUnit, mountUnitName } from "./deb/data-mount.mjs";
import { EXIT, inRoot } from "./root.mjs";

const MARK = "# made by Bluepost's prepare-sd; run it again to change it";
const ROLES = ["kiosk", "screen", "gateway", "engine"];
const BEGIN = "# bluepost: begin";
const END = "# bluepost: end";
const SCREEN_PACKAGES = ["cage", "chromium", "seatd"];

/** The card cannot be prepared; every line says what is wrong or what to do. */
export class PrepareError extends Error {
  constructor(exitCode, ...lines) {
    super(lines[0]);
    this.exitCode = exitCode;
    this.lines = lines;
  }
}

/**
 * Writes user-data, network-config, meta-data, bluepost-setup.txt and a block of config.txt; the same options give the same bytes.
 *
 * @param boot    folder of the boot partition
 * @param options as `prepare-sd --help` names them
 * @returns paths written, and what to do next
 */
export function prepareCard(boot, options) {
  const plan = checked(boot, options);
  const written = [];
  const put = (name, text, keep = true) => {
    const path = join(boot, name);
    if (keep && existsSync(path) && !readFileSync(path, "utf8").includes(MARK)) renameSync(path, `${path}.orig`);
    writeFileSync(path, text);
    written.push(path);
  };
  const userData = `#cloud-config\n${MARK}\n${JSON.stringify(cloudConfig(plan), null, 2)}\n`;
  const network = `${MARK}\n${JSON.stringify(networkConfig(plan), null, 2)}\n`;
  put("user-data", userData);
  put("network-config", network);
  // another instance-id makes cloud-init begin anew, also on a card that has run before
  put("meta-data", `${MARK}\ninstance-id: bluepost-${digest(userData + network)}\n`);
  if (plan.deb) {
    copyFileSync(plan.deb, join(boot, basename(plan.deb)));
    written.push(join(boot, basename(plan.deb)));
  }
  if (plan.setup) put("bluepost-setup.txt", `${MARK}\n${plan.setup}\n`, false);
  if (plan.dataPartition) written.push(...putPartitionTools(boot));
  put("cmdline.txt", withoutWords(readFileSync(join(boot, "cmdline.txt"), "utf8"), wordsToDrop(plan)), false);
  put("config.txt", withBlock(readFileSync(join(boot, "config.txt"), "utf8"), configLines(plan)), false);
  return { written, next: nextSteps(plan) };
}

/** The system's partition must be grown before anything is installed, so the tool comes on the card. */
function putPartitionTools(boot) {
  const folder = join(boot, "bluepost");
  mkdirSync(folder, { recursive: true });
  const paths = ["bin/make-data-partition", "bin/finish-card", "data-partition.json"];
  for (const path of paths) copyFileSync(inRoot("hardware/image", path), join(folder, basename(path)));
  writeFileSync(join(folder, mountUnitName()), mountUnit());
  return [...paths, mountUnitName()].map((path) => join(folder, basename(path)));
}

/** A console on the scanner's wires would talk to it; a system that grows over the whole card leaves the ledger no room. */
function wordsToDrop({ uart, dataPartition }) {
  return [...(uart ? ["console=serial0,115200"] : []), ...(dataPartition ? ["resize"] : [])];
}

function withoutWords(text, words) {
  return `${text
    .trim()
    .split(/\s+/)
    .filter((word) => !words.includes(word))
    .join(" ")}\n`;
}

function requireBoot(boot) {
  if (!existsSync(boot) || !statSync(boot).isDirectory())
    fail(
      EXIT.usage,
      `There is no folder ${boot}.`,
      "Put the card in, and name the folder where its boot partition is mounted.",
    );
  for (const name of ["config.txt", "cmdline.txt"])
    if (!existsSync(join(boot, name)))
      fail(
        EXIT.usage,
        `${boot} is no boot partition of a Raspberry Pi: it has no ${name}.`,
        "Write Raspberry Pi OS Lite (64-bit) to the card first.",
      );
  if (!["user-data", "meta-data"].some((name) => existsSync(join(boot, name))))
    fail(
      EXIT.unavailable,
      "This Raspberry Pi OS does not read cloud-init's files: it has no user-data.",
      "Take an image from October 2025 (Debian 13) or later.",
    );
}

function checked(boot, options) {
  requireBoot(boot);
  const roles = options.roles.split(",");
  const unknown = roles.filter((role) => !ROLES.includes(role));
  if (unknown.length > 0) fail(EXIT.usage, `Unknown role ${unknown[0]}: ${ROLES.join(", ")}.`);
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(options.name))
    fail(EXIT.usage, `${options.name} is no name: small letters, digits and dashes.`);
  if ((options.deb === undefined) === (options.repo === undefined))
    fail(EXIT.usage, "Say where the package comes from: --deb FILE, or --repo URL with --repo-key FILE.");
  if (/_amd64\.deb$/.test(options.deb ?? ""))
    fail(EXIT.usage, `${options.deb} is for a PC: a Raspberry Pi needs the package for arm64.`);
  if (options.repo !== undefined && options["repo-key"] === undefined)
    fail(EXIT.usage, "--repo needs --repo-key: without it nobody can tell whose packages these are.");
  if (!["gpio", "firmata", "none"].includes(options.lamps)) fail(EXIT.usage, "--lamps is gpio, firmata or none.");
  if (options["read-only"] && !options["data-partition"])
    fail(EXIT.usage, "--read-only needs --data-partition: otherwise every check-in is gone after a restart.");
  if (options["read-only"] && options.improv)
    fail(
      EXIT.usage,
      "--improv does not go with --read-only: the Wi-Fi would be forgotten at the next start. Take --wifi.",
    );
  if (options.setup !== undefined && !/^BPS:[0-9A-Z $%*+\-./:]+$/.test(options.setup))
    fail(EXIT.usage, "--setup is no setup code: it begins with BPS:.");
  return {
    ...options,
    roles,
    deb: readable(options.deb, "--deb"),
    repoKey: readable(options["repo-key"], "--repo-key"),
    updateKey: keyringOf(options),
    sshKey: textOf(options["ssh-key"], "--ssh-key"),
    wifiPassword: wifiPassword(options),
    uart: options.uart === undefined ? null : uartOf(options.uart),
    dataPartition: options["data-partition"],
    readOnly: options["read-only"],
  };
}

function fail(code, ...lines) {
  throw new PrepareError(code, ...lines);
}

function readable(file, flag) {
  if (file !== undefined && !existsSync(file)) fail(EXIT.usage, `${flag}: there is no file ${file}.`);
  return file;
}

/** gpgv reads a key as gpg exports it, not its text form. A repository signs its packages with its own key. */
function keyringOf(options) {
  const file = options["update-key"] ?? options["repo-key"];
  if (readable(file, "--update-key") !== undefined && readFileSync(file, "latin1").startsWith("-----BEGIN"))
    fail(
      EXIT.usage,
      `${file} is the text form of a key: take bluepost.gpg of the repository, or gpg --export without --armor.`,
    );
  return file;
}

function textOf(file, flag) {
  return readable(file, flag) === undefined ? undefined : readFileSync(file, "utf8").trim();
}

function wifiPassword(options) {
  if (options.wifi === undefined) return undefined;
  const password = textOf(options["wifi-password-file"], "--wifi-password-file") ?? "";
  if (password !== "" && !/^[ -~]{8,63}$/.test(password))
    fail(EXIT.usage, "A Wi-Fi password has 8 to 63 characters; an empty file or none: open network.");
  return password;
}

function uartOf(chip) {
  const { uart } = JSON.parse(readFileSync(inRoot("hardware/pinout.json"), "utf8"));
  const lines = uart.overlays[chip];
  if (lines === undefined) fail(EXIT.usage, `--uart: unknown chip ${chip}: ${Object.keys(uart.overlays).join(", ")}.`);
  return { lines, device: uart.device, baudRate: uart.baudRate };
}

function digest(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function cloudConfig(plan) {
  const { name, roles, sshKey, repo, repoKey, updateKey } = plan;
  const answers = `bluepost bluepost/roles multiselect ${roles.join(", ")}\n`;
  return {
    hostname: name,
    timezone: "Asia/Ho_Chi_Minh",
    ssh_pwauth: false,
    disable_root: true,
    ...(sshKey && { ssh_authorized_keys: [sshKey], enable_ssh: true }),
    ...(plan.dataPartition && { growpart: { mode: "off" }, resize_rootfs: false }),
    write_files: [
      { path: "/etc/systemd/system.conf.d/60-bluepost.conf", content: "[Manager]\nRuntimeWatchdogSec=14\n" },
      { path: "/etc/bluepost/kiosk.toml", content: kioskSettings(plan) },
      ...(plan.dataPartition ? [needsPartition()] : []),
      ...(repo
        ? [
            keyFile("/usr/share/keyrings/bluepost.gpg", repoKey),
            {
              path: "/etc/apt/sources.list.d/bluepost.list",
              content: `deb [signed-by=/usr/share/keyrings/bluepost.gpg] ${repo} stable main\n`,
            },
          ]
        : []),
      ...(updateKey ? [keyFile("/etc/bluepost/update.gpg", updateKey)] : []),
    ],
    ...(plan.readOnly && { power_state: { mode: "reboot", condition: true } }),
    runcmd: [
      ["sh", "-c", `printf '%s' '${answers}' | debconf-set-selections`],
      ...(plan.dataPartition
        ? [["env", "BLUEPOST_SHARE=/boot/firmware/bluepost", "sh", "/boot/firmware/bluepost/make-data-partition"]]
        : []),
      ...installCommands(plan),
      // the radio is the kiosk's own: two programs on one controller silence each other
      ...(roles.includes("kiosk") ? [["systemctl", "disable", "--now", "bluetooth.service"]] : []),
      // without a country the Wi-Fi stays switched off
      ...(plan.improv ? [["raspi-config", "nonint", "do_wifi_country", plan.country]] : []),
      ["systemctl", "daemon-reexec"],
      // cloud-init goes on after a step that failed: the last one looks whether the partition is there
      ...(plan.dataPartition
        ? [["sh", "/boot/firmware/bluepost/finish-card", ...(plan.readOnly ? ["--read-only"] : [])]]
        : []),
    ],
  };
}

function keyFile(path, file) {
  return { path, encoding: "b64", content: readFileSync(file).toString("base64") };
}

/** Check-ins in the system's partition would vanish behind one that is mounted later, and with a read-only system at each start. */
function needsPartition() {
  const { mountPoint } = dataPartition();
  return {
    path: "/etc/systemd/system/bluepost-.service.d/60-data-partition.conf",
    content: `[Unit]\nAssertPathIsMountPoint=${mountPoint}\n`,
  };
}

function installCommands({ deb, roles }) {
  const extra = roles.includes("screen") ? SCREEN_PACKAGES : [];
  const install = [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "install",
    "-y",
    "-o",
    "Dpkg::Options::=--force-confold",
  ];
  if (deb === undefined)
    return [
      ["apt-get", "update"],
      [...install, "bluepost", ...extra],
    ];
  const local = [...install, `/boot/firmware/${basename(deb)}`];
  return [
    local,
    ["sh", "-c", keepPackage(basename(deb))],
    ...(extra.length > 0
      ? [
          [
            "sh",
            "-c",
            `apt-get update && ${[...install, ...extra].join(" ")} && systemctl restart bluepost-screen.service`,
          ],
        ]
      : []),
  ];
}

/** `bluepost-update` goes back to what lies there under its version. */
function keepPackage(name) {
  const kept = "/var/lib/bluepost/packages";
  return `mkdir -p ${kept} && cp /boot/firmware/${name} ${kept}/bluepost_$(dpkg-query -W -f '\${Version}' bluepost).deb`;
}

function kioskSettings({ lamps, uart, improv }) {
  const scanner = uart ? `\n[scanner]\npath = "${uart.device}"\nbaudRate = ${uart.baudRate}\n` : "";
  const path = lamps === "firmata" ? 'path = "/dev/bluepost-lamps"\n' : "";
  return `# Settings of this kiosk; \`bluepost-kiosk config\` prints all of them.\n[indicator]\nkind = "${lamps}"\n${path}${scanner}${improv ? "\n[improv]\nbluetooth = true\n" : ""}`;
}

function networkConfig({ wifi, wifiPassword: password, country }) {
  const ethernets = { eth0: { dhcp4: true, optional: true } };
  if (wifi === undefined) return { network: { version: 2, ethernets } };
  const point = password === "" ? {} : { password };
  const wlan0 = { dhcp4: true, optional: true, "regulatory-domain": country, "access-points": { [wifi]: point } };
  return { network: { version: 2, ethernets, wifis: { wlan0 } } };
}

function configLines({ uart }) {
  return ["dtparam=watchdog=on", ...(uart?.lines ?? [])];
}

/** Our lines between two marks, so that a second run replaces the first. */
function withBlock(text, lines) {
  const others = text.replace(new RegExp(`\\n?${BEGIN}[\\s\\S]*?${END}\\n`), "\n").trimEnd();
  return `${others}\n\n${BEGIN}\n[all]\n${lines.join("\n")}\n${END}\n`;
}

function nextSteps({ setup, updateKey }) {
  return [
    ...(updateKey ? [] : ["This machine will take no update from a stick: for that, give --update-key FILE."]),
    "Next: put the card into the Pi and switch it on. The first start takes some minutes.",
    ...(setup
      ? ["The setup code is good for ten minutes, and once."]
      : ["Then show the kiosk's scanner the code of `bluepost-gateway claim`."]),
  ];
}
