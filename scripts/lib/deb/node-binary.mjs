// The Node that a package brings along.
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";

/** Processors by the number in an ELF file's header. Source: ELF specification, e_machine. */
const MACHINES = { 62: { debian: "amd64", node: "x64" }, 183: { debian: "arm64", node: "arm64" } };

/** For which processor a program was compiled, by Debian's and Node's name, or null when it is none of ours. */
export function processorOf(file) {
  const header = Buffer.alloc(20);
  const handle = openSync(file, "r");
  readSync(handle, header, 0, 20, 0);
  closeSync(handle);
  if (header.toString("latin1", 0, 4) !== "\x7fELF") return null;
  return MACHINES[header.readUInt16LE(18)] ?? null;
}

/** Version of a Node, read from the program itself, since one for another processor cannot be asked; "0" when it holds none. */
export function versionOf(binary) {
  return /nodejs\.org\/download\/release\/v(\d+\.\d+\.\d+)\//.exec(readFileSync(binary, "latin1"))?.[1] ?? "0";
}

/** Text of the licence that came with a Node, or null. */
export function nodeLicence(binary) {
  const prefix = dirname(dirname(binary));
  const places = [join(prefix, "LICENSE"), join(prefix, "share/doc/nodejs/LICENSE"), "/usr/share/doc/nodejs/copyright"];
  return places.find((path) => existsSync(path)) ?? null;
}

/** Takes out what only a debugger reads: a sixth of the size. @param strip the program that understands this processor */
export function stripProgram(file, strip) {
  execFileSync(strip, ["--strip-unneeded", file]);
}
