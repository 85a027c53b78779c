// Builds the package: stages the tree, writes its papers, packs it the same way each time.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeServes, onPath } from "../preflight.mjs";
import { EXIT, giveUp, inRoot } from "../root.mjs";
import { MAINTAINER, writeControl } from "./control.mjs";
import { compileFor, crossTool, whyNoCross } from "./cross.mjs";
import { foreignDependencies, libraryDependencies } from "./dependencies.mjs";
import { nativeFiles, runtimePackages } from "./modules.mjs";
import { nodeLicence, processorOf, stripProgram, versionOf } from "./node-binary.mjs";
import { setTimes, stageTree } from "./tree.mjs";

/**
 * Builds one package.
 *
 * @returns `{ kind: "built", file, bytes, architecture }`, or `{ kind: "skipped", reason }` when this machine cannot build for that processor
 */
export async function buildDeb({ out, node, fast }) {
  for (const tool of ["dpkg-deb", "dpkg-shlibdeps"])
    if (!onPath(tool)) giveUp(EXIT.unavailable, `${tool} is missing. On Debian: apt-get install dpkg-dev`);
  const processor = processorOf(node);
  if (processor === null) giveUp(EXIT.usage, `${node} is no program for amd64 or arm64`);
  if (!nodeServes(versionOf(node))) giveUp(EXIT.usage, `${node} is Node ${versionOf(node)}: 20.19 or newer is needed`);
  const isForeign = processor.node !== process.arch;
  const reason = isForeign ? whyNoCross(processor.debian) : null;
  if (reason !== null) return { kind: "skipped", reason: `no package for ${processor.debian}: ${reason}` };
  const version = JSON.parse(readFileSync(inRoot("package.json"), "utf8")).version;
  const folder = mkdtempSync(join(tmpdir(), "bluepost-deb-"));
  const undo = [folder];
  try {
    const packages = runtimePackages(JSON.parse(readFileSync(inRoot("package-lock.json"), "utf8")));
    const work = mkdtempSync(join(tmpdir(), "bluepost-cross-"));
    undo.push(work);
    const native = isForeign ? compileFor({ packages, processor, folder: work }) : {};
    stageTree({
      folder,
      native,
      packages,
      node,
      arch: processor.node,
      release: { version, maintainer: MAINTAINER, seconds: sourceDate() },
    });
    const programs = [join(folder, "usr/lib/bluepost/bin/node"), ...nativeFiles(folder)];
    const strip = isForeign ? crossTool(processor.debian, "strip") : "strip";
    for (const program of programs) stripProgram(program, strip);
    const depends = isForeign
      ? foreignDependencies(programs, crossTool(processor.debian, "objdump"))
      : libraryDependencies(programs);
    writeControl({
      folder,
      version,
      architecture: processor.debian,
      depends,
      packages,
      licence: nodeLicence(node),
      nodeVersion: versionOf(node),
    });
    setTimes(folder, sourceDate());
    mkdirSync(out, { recursive: true });
    const file = join(out, `bluepost_${version}_${processor.debian}.deb`);
    pack(folder, file, fast);
    return { kind: "built", file, bytes: statSync(file).size, architecture: processor.debian };
  } finally {
    for (const path of undo) rmSync(path, { recursive: true, force: true });
  }
}

/** Seconds: SOURCE_DATE_EPOCH, else the last commit's, else that of the lock file. */
export function sourceDate() {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (Number.isInteger(given) && given > 0) return given;
  try {
    return Number(
      execFileSync("git", ["log", "-1", "--format=%ct"], {
        cwd: inRoot(),
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
  } catch {
    return Math.floor(statSync(inRoot("package-lock.json")).mtimeMs / 1000); // not a checkout
  }
}

/** One thread, since what more of them write depends on their number. */
function pack(folder, file, fast) {
  if (existsSync(file)) rmSync(file);
  const args = [
    "--root-owner-group",
    "--threads-max=1",
    fast ? "-Zgzip" : "-Zxz",
    fast ? "-z1" : "-z6",
    "--build",
    folder,
    file,
  ];
  execFileSync("dpkg-deb", args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()) },
  });
}
