// Which libraries of Debian the programs of the package need.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Which libraries of Debian the programs need, as dpkg-shlibdeps works it out on this machine. */
export function libraryDependencies(programs) {
  const folder = mkdtempSync(join(tmpdir(), "bluepost-shlibs-"));
  try {
    mkdirSync(join(folder, "debian"));
    writeFileSync(join(folder, "debian/control"), "Source: bluepost\n\nPackage: bluepost\nArchitecture: any\n");
    const args = ["-O", "--ignore-missing-info", ...programs.map((program) => `-e${program}`)];
    const output = execFileSync("dpkg-shlibdeps", args, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return (
      /^shlibs:Depends=(.*)$/m
        .exec(output)?.[1]
        ?.split(", ")
        .filter((name) => name !== "") ?? []
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Debian's package of each library that may be needed, and which of its symbol versions came with which release of it. */
const LIBRARIES = {
  "libc.so.6": "libc6",
  "libm.so.6": "libc6",
  "libdl.so.2": "libc6",
  "libpthread.so.0": "libc6",
  "libstdc++.so.6": "libstdc++6",
  "libgcc_s.so.1": "libgcc-s1",
  "libatomic.so.1": "libatomic1",
  "libudev.so.1": "libudev1",
};
/** Newest GLIBCXX_3.4.x of each GCC. Source: libstdc++ manual, ABI policy and guidelines. */
const GLIBCXX = [
  [28, 9],
  [29, 11],
  [30, 12],
  [33, 14],
];

/**
 * The same for programs of another processor, whose libraries are not installed here: by the names and versions in the programs.
 *
 * @param objdump the one that reads that processor's programs
 * @throws {Error} when a program needs a library that is not in the table
 */
export function foreignDependencies(programs, objdump) {
  const dumps = programs
    .map((file) => execFileSync(objdump, ["-p", file], { encoding: "utf8", maxBuffer: 64 << 20 }))
    .join("\n");
  const names = new Set(
    [...dumps.matchAll(/^\s+NEEDED\s+(\S+)$/gm)].map(([, name]) => name).filter((name) => !name.startsWith("ld-linux")),
  );
  for (const name of names)
    if (LIBRARIES[name] === undefined) throw new Error(`no Debian package is known for ${name}`);
  const glibc = newest(dumps, /GLIBC_2\.(\d+)/g);
  const glibcxx = newest(dumps, /GLIBCXX_3\.4\.(\d+)/g);
  const gcc = GLIBCXX.find(([symbol]) => symbol >= glibcxx)?.[1] ?? 15;
  const versions = { libc6: ` (>= 2.${glibc})`, "libstdc++6": ` (>= ${gcc})` };
  const packages = [...new Set([...names].map((name) => LIBRARIES[name]))].sort();
  return packages.map((name) => `${name}${versions[name] ?? ""}`);
}

function newest(text, pattern) {
  return Math.max(0, ...[...text.matchAll(pattern)].map(([, number]) => Number(number)));
}
