// Installs a package in clean Debian roots and runs what it brought there.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onPath } from "../preflight.mjs";
import { say } from "../root.mjs";

/** Debian 12 and 13. */
export const SUITES = ["bookworm", "trixie"];

/** Why roots cannot be made here, or null. */
export function whyNoRoots() {
  if (process.platform !== "linux" || process.getuid() !== 0) return "clean roots need root on Linux";
  for (const tool of ["debootstrap", "chroot"])
    if (!onPath(tool)) return `${tool} is missing (Debian: apt-get install debootstrap)`;
  return mirror() === null ? "apt on this machine names no Debian mirror" : null;
}

/** The mirror that apt uses on this machine, without the security archive. */
function mirror() {
  const folders = [
    "/etc/apt/sources.list",
    ...listOf("/etc/apt/sources.list.d").map((name) => `/etc/apt/sources.list.d/${name}`),
  ];
  for (const file of folders.filter((path) => existsSync(path))) {
    const text = readFileSync(file, "utf8");
    const found =
      /^URIs:\s*(\S+\/debian)\/?\s*$/m.exec(text) ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+\/debian)\/?\s/m.exec(text);
    if (found) return found[1];
  }
  return null;
}

function listOf(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/**
 * Installs a package in a clean root of one suite and checks what it does there: users, units, doctors, native modules, removal.
 *
 * @returns `{ kind: "ok", checks }`, `{ kind: "skipped", reason }` when the root could not be made, or `{ kind: "failed", what, output }`
 */
export function verifyIn(suite, deb) {
  const base = cleanRoot(suite);
  if (base.kind !== "ready") return base;
  const root = mkdtempSync(join(tmpdir(), `bluepost-${suite}-`));
  try {
    const copied = run("cp", ["-a", "--reflink=auto", `${base.folder}/.`, root]);
    if (copied.code !== 0) return { kind: "skipped", reason: "the root could not be copied: is the disk full?" };
    run("mount", ["--bind", "/proc", join(root, "proc")]);
    return new Root(root).check(deb);
  } finally {
    run("umount", [join(root, "proc")]);
    rmSync(root, { recursive: true, force: true });
  }
}

/** A root as debootstrap leaves it, kept between runs. */
function cleanRoot(suite) {
  const folder = join(tmpdir(), "bluepost-roots", suite);
  if (existsSync(join(folder, "etc/debian_version"))) return { kind: "ready", folder };
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  say(`Making a clean root of ${suite} ...`);
  const made = run("debootstrap", ["--variant=minbase", suite, partial, mirror()]);
  if (made.code !== 0)
    return { kind: "skipped", reason: `debootstrap could not make ${suite}: ${made.output.split("\n").at(-1)}` };
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return { kind: "ready", folder };
}

function run(program, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
  });
  return { code: status ?? 127, stdout: stdout ?? "", output: `${stdout ?? ""}${stderr ?? ""}`.trim() };
}

class Failed extends Error {}

class Root {
  #folder;
  #checks = [];

  constructor(folder) {
    this.#folder = folder;
  }

  check(deb) {
    try {
      this.#install(deb);
      this.#look();
      this.#runParts();
      this.#takeAway();
      return { kind: "ok", checks: this.#checks };
    } catch (fault) {
      if (!(fault instanceof Failed)) throw fault;
      return { kind: "failed", what: fault.message, output: String(fault.cause ?? "") };
    }
  }

  #install(deb) {
    const name = basename(deb);
    copyFileSync("/etc/resolv.conf", join(this.#folder, "etc/resolv.conf"));
    writeFileSync(join(this.#folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    cpSync(deb, join(this.#folder, name));
    this.#must("apt-get update", ["apt-get", "update", "-qq"]);
    this.#must("it installs", ["apt-get", "install", "-y", "-qq", "--no-install-recommends", `/${name}`]);
    this.#must("dpkg finds every file whole", ["dpkg", "--verify", "bluepost"], (output) => output === "");
  }

  #look() {
    this.#must("one user a part", [
      "getent",
      "passwd",
      "bluepost-kiosk",
      "bluepost-gateway",
      "bluepost-engine",
      "bluepost-screen",
    ]);
    const kioskOnly =
      "test -L bluepost-kiosk.service && ! test -e bluepost-gateway.service && ! test -e bluepost-engine.service";
    this.#must("the kiosk starts with the machine, the others do not", [
      "sh",
      "-c",
      `cd /etc/systemd/system/multi-user.target.wants && ${kioskOnly}`,
    ]);
    const owners = ["stat", "-c", "%U %a", "/var/lib/bluepost/kiosk", "/var/lib/bluepost/engine"];
    this.#must(
      "data folders are closed to others",
      owners,
      (output) => output === "bluepost-kiosk 700\nbluepost-engine 700",
    );
    const verify =
      "systemd-analyze verify /usr/lib/systemd/system/bluepost-kiosk.service /usr/lib/systemd/system/bluepost-gateway.service /usr/lib/systemd/system/bluepost-engine.service";
    this.#must("systemd understands the units", ["sh", "-c", verify], (output) => !/bluepost/.test(output));
  }

  #runParts() {
    const natives = "for (const name of ['sqlite3','serialport','epoll','onoff']) require(name); console.log('loaded')";
    const inHome = `cd /usr/lib/bluepost && exec bin/node -e "${natives}"`;
    this.#must("native modules load", ["sh", "-c", inHome], (output) => output === "loaded");
    const doctor = this.#inside(["bluepost-kiosk", "doctor", "--json"]);
    const findings = jsonOf(doctor.stdout)?.findings ?? [];
    this.#note(
      "bluepost-kiosk doctor runs and names what is missing",
      findings.length >= 5 && doctor.code <= 1,
      doctor,
    );
    this.#note(
      "its ledger check is green",
      findings.some(({ check, ok }) => check === "ledger" && ok),
      doctor,
    );
    const asUser = ["setpriv", "--reuid=bluepost-engine", "--regid=bluepost-engine", "--clear-groups"];
    const start = "timeout -s TERM 8 bluepost-engine start";
    this.#must("the engine serves under its own user", ["sh", "-c", `${asUser.join(" ")} ${start} || true`], (output) =>
      output.includes('"event":"ready"'),
    );
  }

  #takeAway() {
    this.#must("it is removed", ["apt-get", "remove", "-y", "-qq", "bluepost"]);
    this.#must("it is purged", ["apt-get", "purge", "-y", "-qq", "bluepost"]);
    this.#must("check-ins and keys stay after a purge without a yes", ["test", "-d", "/var/lib/bluepost/engine"]);
    this.#must("nothing else stays", ["sh", "-c", "! test -e /usr/lib/bluepost && ! test -e /etc/bluepost/kiosk.toml"]);
  }

  #inside(command) {
    return run("chroot", [
      this.#folder,
      "env",
      "-i",
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "DEBIAN_FRONTEND=noninteractive",
      ...command,
    ]);
  }

  #must(what, command, isRight = () => true) {
    const result = this.#inside(command);
    this.#note(what, result.code === 0 && isRight(result.output), result);
  }

  #note(what, holds, { output }) {
    if (!holds) throw new Failed(what, { cause: output });
    this.#checks.push(what);
  }
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // then the check that needs it fails
  }
}
