// The package's own papers: control, md5sums, conffiles, copyright, maintainer scripts.

import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inRoot } from "../root.mjs";
import { filesOf, isConffile } from "./tree.mjs";

export const MAINTAINER = "Bluepost <bluepost@localhost>";
const SCRIPTS = ["config", "postinst", "prerm", "postrm"];

/** Writes DEBIAN/ and the copyright file. @param plan.depends from libraryDependencies() */
export function writeControl({ folder, version, architecture, depends, packages, licence, nodeVersion }) {
  const control = join(folder, "DEBIAN");
  mkdirSync(control, { recursive: true });
  writeFileSync(
    join(folder, "usr/share/doc/bluepost/copyright"),
    copyright({ packages, folder, licence, nodeVersion }),
  );
  const files = filesOf(folder);
  const sizeKb = files.reduce((sum, path) => sum + Math.ceil(lstatSync(join(folder, path)).size / 1024), 0);
  writeFileSync(join(control, "control"), controlText({ version, architecture, depends, sizeKb }));
  writeFileSync(
    join(control, "conffiles"),
    files
      .filter(isConffile)
      .map((path) => `/${path}\n`)
      .join(""),
  );
  const plain = files.filter((path) => lstatSync(join(folder, path)).isFile());
  writeFileSync(
    join(control, "md5sums"),
    plain
      .filter((path) => !isConffile(path))
      .map((path) => `${md5(join(folder, path))}  ${path}\n`)
      .join(""),
  );
  cpSync(inRoot("hardware/image/debian/templates"), join(control, "templates"));
  for (const name of SCRIPTS) {
    cpSync(inRoot("hardware/image/debian", name), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  for (const name of readdirSync(control)) if (!SCRIPTS.includes(name)) chmodSync(join(control, name), 0o644);
}

function controlText({ version, architecture, depends, sizeKb }) {
  return `Package: bluepost
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${sizeKb}
Depends: ${[...depends, "debconf (>= 0.5) | debconf-2.0", "gpgv", "init-system-helpers (>= 1.54)", "systemd"].join(", ")}
Recommends: ca-certificates, udev, polkitd, fdisk
Suggests: cage, chromium, seatd, network-manager
Section: net
Priority: optional
Description: check-in kiosk, gateway and engine of outbreak tracing at the door
 A kiosk at a venue's entrance reads a visitor's QR code and keeps every
 check-in in a ledger that survives power cuts. A gateway collects the kiosks
 of a site; the engine finds whose visits overlapped with a case's.
 .
 The package brings its own Node and every module it uses.
`;
}

function md5(file) {
  return createHash("md5").update(readFileSync(file)).digest("hex");
}

/** One paragraph for us, one for Node, one for each module with the text that it came with. */
function copyright({ packages, folder, licence, nodeVersion }) {
  const parts = [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: bluepost",
    `Files: *\nCopyright: the Bluepost authors\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.`,
    `Files: usr/lib/bluepost/bin/node\nCopyright: Node.js contributors and others; the text names them\nLicense: Node-${nodeVersion}\n${quoted(licence)}`,
    ...packages.map(
      ({ at, name, version, licence: short }) =>
        `Files: usr/lib/bluepost/${at}/*\nCopyright: the authors of ${name} ${version}; the text beside the files names them\nLicense: ${short ?? "see-file"}${whereText(folder, at)}`,
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

function whereText(folder, at) {
  const home = join(folder, "usr/lib/bluepost", at);
  const file = existsSync(home) ? readdirSync(home).find((name) => /^(?:licen[cs]e|copying)/i.test(name)) : undefined;
  return `\n ${file ? `The text is in /usr/lib/bluepost/${at}/${file}.` : "As its package.json says; it came without a text."}`;
}

function quoted(path) {
  if (path === null) return " The licence of Node.js, https://github.com/nodejs/node/blob/main/LICENSE";
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (line.trim() === "" ? " ." : ` ${line}`))
    .join("\n");
}
