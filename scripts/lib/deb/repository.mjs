// A signed apt repository of all versions that were put into it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { onPath } from "../preflight.mjs";
import { EXIT, giveUp } from "../root.mjs";

/**
 * Puts a package into a repository and writes its index anew; older versions stay, since a way back needs them.
 *
 * @param place.folder made when absent: `pool/` with the packages, `dists/stable/` with the index
 * @param place.key    gpg key that signs index and package, or undefined: unsigned, for a trial
 * @param place.date   seconds, for the index
 */
export function addToRepository(deb, { folder, key, date }) {
  for (const tool of ["dpkg-scanpackages", ...(key === undefined ? [] : ["gpg"])])
    if (!onPath(tool)) giveUp(EXIT.unavailable, `${tool} is missing. On Debian: apt-get install dpkg-dev gnupg`);
  const pool = join(folder, "pool");
  mkdirSync(pool, { recursive: true });
  const copy = join(pool, basename(deb));
  copyFileSync(deb, copy);
  if (key !== undefined) sign(key, ["--detach-sign", "--armor", "--output", `${copy}.asc`], copy, `${copy}.asc`);
  for (const architecture of architecturesIn(pool)) writePackages(folder, architecture);
  writeRelease(folder, { architectures: architecturesIn(pool), date });
  if (key !== undefined) signRelease(folder, key);
}

function architecturesIn(pool) {
  const names = readdirSync(pool).flatMap((name) => /_(\w+)\.deb$/.exec(name)?.[1] ?? []);
  return [...new Set(names)].sort();
}

function writePackages(folder, architecture) {
  const args = ["--multiversion", "--arch", architecture, "pool"];
  const index = execFileSync("dpkg-scanpackages", args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const home = join(folder, "dists/stable/main", `binary-${architecture}`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "Packages"), index);
  writeFileSync(join(home, "Packages.gz"), gzipSync(index, { level: 9 }));
}

function writeRelease(folder, { architectures, date }) {
  const home = join(folder, "dists/stable");
  const files = architectures.flatMap((name) => [`main/binary-${name}/Packages`, `main/binary-${name}/Packages.gz`]);
  const sums = files.map((path) => {
    const digest = createHash("sha256")
      .update(readFileSync(join(home, path)))
      .digest("hex");
    return ` ${digest} ${statSync(join(home, path)).size} ${path}`;
  });
  const fields = [
    "Origin: Bluepost",
    "Suite: stable",
    "Codename: stable",
    `Date: ${new Date(date * 1_000).toUTCString().replace("GMT", "UTC")}`,
    `Architectures: ${architectures.join(" ")}`,
    "Components: main",
    "SHA256:",
  ];
  writeFileSync(join(home, "Release"), `${[...fields, ...sums].join("\n")}\n`);
}

function signRelease(folder, key) {
  const release = join(folder, "dists/stable/Release");
  const clear = join(folder, "dists/stable/InRelease");
  sign(key, ["--clearsign", "--output", clear], release, clear);
  sign(key, ["--detach-sign", "--armor", "--output", `${release}.gpg`], release, `${release}.gpg`);
  const exported = execFileSync("gpg", ["--batch", "--export", key]);
  writeFileSync(join(folder, "bluepost.gpg"), exported);
}

function sign(key, how, file, output) {
  rmSync(output, { force: true });
  try {
    execFileSync("gpg", ["--batch", "--yes", "--local-user", key, ...how, file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (fault) {
    giveUp(EXIT.failure, `gpg cannot sign with ${key}: ${String(fault.stderr ?? fault.message).trim()}`);
  }
}
