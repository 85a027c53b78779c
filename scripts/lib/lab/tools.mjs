import { execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Programs of the host that the lab works with, and the Debian package of each. */
const PROGRAMS = {
  "qemu-system-x86_64": "qemu-system-x86",
  busybox: "busybox-static",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
  make: "make",
  cc: "gcc",
  xz: "xz-utils",
};

const run = promisify(execFile);
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/** Full path of a program; null when there is none. */
export function findProgram(name) {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next folder may have it
    }
  }
  return null;
}

/** Debian packages that are still missing; empty when all is there. */
export function missingPackages() {
  return Object.entries(PROGRAMS).flatMap(([name, debian]) => (findProgram(name) ? [] : [debian]));
}

/** Runs a program to its end. @returns its standard output @throws {Error} with its last words when it fails */
export async function output(program, args, options = {}) {
  const { stdout } = await run(program, args, { maxBuffer: 64 << 20, ...options });
  return stdout;
}

/** Unpacks named files of a .tar.xz that lies within a Debian package. */
export function unpackSource({ deb, tar, files, into }) {
  const pipe = `dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | tar -xJ -C "$3" "\${@:4}"`;
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-o", "pipefail", "-c", pipe, "unpack", deb, tar, into, ...files], {
      stdio: "inherit",
    });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`unpacking ${tar} ended with ${code}`))));
  });
}
