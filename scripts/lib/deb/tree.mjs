// Puts together what the package installs.
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { inRoot } from "../root.mjs";
import { mountUnit, mountUnitName } from "./data-mount.mjs";
import { runtimeFiles } from "./modules.mjs";

const HOME = "usr/lib/bluepost";
const DOC = "usr/share/doc/bluepost";
const PARTS = ["kiosk", "gateway", "engine"];
/** Compiled folders that a machine in the field needs; the simulator stays at home. */
const COMPILED = ["protocol", "runtime", "firmware", "kiosk", "gateway", "engine", "web"];

/** Programs of hardware/image/bin that are not on the PATH. */
const PROGRAMS = ["command", "kiosk-facts", "make-data-partition", "screen", "set-clock"];

/** Where each file of hardware/image goes. */
const PLACES = {
  systemd: "usr/lib/systemd/system",
  udev: "usr/lib/udev/rules.d",
  sysusers: "usr/lib/sysusers.d",
  tmpfiles: "usr/lib/tmpfiles.d",
  polkit: "usr/share/polkit-1/rules.d",
  etc: "etc/bluepost",
};

/**
 * Writes the files of the package below a folder.
 *
 * @param plan.folder   an empty folder
 * @param plan.packages from runtimePackages()
 * @param plan.node     the Node to bring along
 * @param plan.arch     Node's name of its processor
 * @param plan.release  version, maintainer and seconds of this release
 * @param plan.native   full paths of compiled modules that take the place of those here, by path in the repository
 */
export function stageTree({ folder, packages, node, arch, release, native = {} }) {
  const put = (from, to, mode = 0o644) => {
    const target = join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(from, target);
    chmodSync(target, mode);
  };
  put(node, `${HOME}/bin/node`, 0o755);
  put(inRoot("package.json"), `${HOME}/package.json`);
  put(inRoot("hardware/pinout.json"), `${HOME}/hardware/pinout.json`);
  for (const part of COMPILED) copyFolder(folder, inRoot("dist", part), `${HOME}/dist/${part}`);
  for (const { at } of packages) {
    for (const path of runtimeFiles(at, arch))
      put(native[`${at}/${path}`] ?? inRoot(at, path), `${HOME}/${at}/${path}`);
  }
  for (const [from, to] of Object.entries(PLACES)) copyFolder(folder, inRoot("hardware/image", from), to);
  for (const name of PROGRAMS) put(inRoot("hardware/image/bin", name), `${HOME}/bin/${name}`, 0o755);
  for (const part of PARTS) link(folder, "../lib/bluepost/bin/command", `usr/bin/bluepost-${part}`);
  put(inRoot("hardware/image/bin/update"), "usr/sbin/bluepost-update", 0o755);
  stageShare(folder, put, release);
}

function stageShare(folder, put, release) {
  put(inRoot("hardware/image/chromium/policy.json"), "usr/share/bluepost/chromium-policy.json");
  put(inRoot("hardware/image/data-partition.json"), "usr/share/bluepost/data-partition.json");
  write(folder, `usr/share/bluepost/${mountUnitName()}`, mountUnit());
  put(inRoot("hardware/image/debian/lintian-overrides"), "usr/share/lintian/overrides/bluepost");
  for (const name of readdirSync(inRoot("hardware/docs")))
    put(inRoot("hardware/docs", name), `${DOC}/technicians/${name}`);
  for (const name of readdirSync(inRoot("hardware/wiring")))
    put(inRoot("hardware/wiring", name), `${DOC}/wiring/${name}`);
  put(inRoot("CHANGELOG.md"), `${DOC}/CHANGELOG.md`);
  write(folder, `${DOC}/changelog.gz`, gzip(debianChangelog(release)));
  for (const part of PARTS) write(folder, `usr/share/man/man1/bluepost-${part}.1.gz`, gzip(manual(part)));
  write(folder, "usr/share/man/man8/bluepost-update.8.gz", gzip(UPDATE_MANUAL));
}

function debianChangelog({ version, maintainer, seconds }) {
  const date = new Date(seconds * 1_000).toUTCString().replace("GMT", "+0000");
  return `bluepost (${version}) stable; urgency=medium\n\n  * See /usr/share/doc/bluepost/CHANGELOG.md.\n\n -- ${maintainer}  ${date}\n`;
}

function copyFolder(folder, from, to) {
  if (!existsSync(from)) return;
  for (const path of readdirSync(from, { recursive: true }).map(String)) {
    if (!lstatSync(join(from, path)).isFile() || /\.(?:d\.ts|map|tsbuildinfo|stamp)$/.test(path)) continue;
    const target = join(folder, to, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(from, path), target);
    chmodSync(target, 0o644);
  }
}

function write(folder, path, content) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content, { mode: 0o644 });
}

function link(folder, target, path) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  symlinkSync(target, join(folder, path));
}

/** Without a date in its header, so that the same text gives the same bytes. */
function gzip(text) {
  return gzipSync(text, { level: 9 });
}

const JOBS = {
  kiosk: "the check-in kiosk at a venue's door",
  gateway: "collects the check-ins of a site's kiosks",
  engine: "the reference engine of exposure matching",
};

function manual(part) {
  return `.TH BLUEPOST-${part.toUpperCase()} 1
.SH NAME
bluepost\\-${part} \\- ${JOBS[part]}
.SH SYNOPSIS
.B bluepost\\-${part}
.I command
[\\-\\-json]
.SH DESCRIPTION
.B bluepost\\-${part} \\-\\-help
lists every command. The usual first one is
.BR doctor ,
which checks what this part needs to run and says how to mend each red line.
.SH FILES
.I /etc/bluepost/${part}.toml
settings;
.I /var/lib/bluepost/${part}
what it keeps.
`;
}

const UPDATE_MANUAL = `.TH BLUEPOST-UPDATE 8
.SH NAME
bluepost\\-update \\- installs an update, and goes back when it does not do its job
.SH SYNOPSIS
.B bluepost\\-update
.IR FILE.deb " | " \\-\\-apt " | " \\-\\-resume " | " \\-\\-rollback
.SH DESCRIPTION
Checks the signature, installs, and waits until every part is active and the gateway has answered. When that does not happen within ten
minutes, the version before comes back. Packages for the way back lie in
.IR /var/lib/bluepost/packages .
`;

/** Gives every file and folder the same time, oldest name first, so that two builds are equal. */
export function setTimes(folder, seconds) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      setTimes(path, seconds);
      chmodSync(path, 0o755);
    }
    lutimesSync(path, seconds, seconds);
  }
  lutimesSync(folder, seconds, seconds);
}

/** Every file of the tree with its path as the package names it, sorted. */
export function filesOf(folder, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) return path === "DEBIAN" ? [] : filesOf(folder, path);
      return [path];
    })
    .sort();
}

export const isConffile = (path) => path.startsWith("etc/") && basename(path) !== "";
