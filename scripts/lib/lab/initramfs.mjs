import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { inRoot } from "../root.mjs";
import { findProgram } from "./tools.mjs";

/** What the guest needs: the host's disk over 9p with a layer in memory above it, Bluetooth controllers of our own, and configfs. */
const WANTED = ["virtio_pci", "9p", "9pnet_virtio", "overlay", "configfs", "hci_vhci"];

/** Modules that the lab built, in the order in which they load. */
const BUILT = ["irq_sim.ko", "gpio-sim.ko"];

/** Packs the guest's first file system: busybox, the modules, and a script that moves on to the host's disk. @returns its file */
export function packInitramfs({ modules, built }, folder) {
  const root = join(folder, "initramfs");
  rmSync(root, { recursive: true, force: true });
  for (const name of ["bin", "modules", "proc", "sys", "dev", "newroot"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(findProgram("busybox"), join(root, "bin/busybox"));
  const order = [];
  for (const file of closureOf(modules, WANTED)) {
    const name = basename(file).replace(/\.xz$/, "");
    writeFileSync(join(root, "modules", name), bytesOf(file));
    order.push(name);
  }
  for (const name of BUILT) {
    copyFileSync(join(built, name), join(root, "modules", name));
    order.push(name);
  }
  writeFileSync(join(root, "modules/order"), `${order.join("\n")}\n`);
  copyFileSync(inRoot("scripts/lib/lab/init.sh"), join(root, "init"));
  chmodSync(join(root, "init"), 0o755);
  const list = `${walk(root).join("\n")}\n`;
  const packed = execFileSync(findProgram("busybox"), ["cpio", "-o", "-H", "newc"], {
    cwd: root,
    input: list,
    maxBuffer: 256 << 20,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const image = join(folder, "initramfs.gz");
  writeFileSync(image, gzipSync(packed, { level: 1 }));
  return image;
}

function walk(folder, at = ".") {
  return readdirSync(join(folder, at), { withFileTypes: true }).flatMap((entry) => {
    const path = `${at}/${entry.name}`;
    return entry.isDirectory() ? [path, ...walk(folder, path)] : [path];
  });
}

/** Files of modules and of all that they need, needed ones first; built-in ones have no file. */
function closureOf(modules, names) {
  const files = new Map();
  for (const path of walk(modules)) {
    const name = basename(path).match(/^(.*)\.ko(\.xz)?$/)?.[1];
    if (name !== undefined) files.set(name.replaceAll("-", "_"), join(modules, path));
  }
  const order = [];
  const visit = (name) => {
    const file = files.get(name.replaceAll("-", "_"));
    if (file === undefined || order.includes(file)) return;
    for (const needed of needsOf(file)) visit(needed);
    order.push(file);
  };
  for (const name of names) visit(name);
  return order;
}

/** A module names what it needs in its own text: "depends=a,b". */
function needsOf(file) {
  const text = bytesOf(file).toString("latin1");
  return (
    text
      .match(/\0depends=([\w,-]*)\0/)?.[1]
      .split(",")
      .filter(Boolean) ?? []
  );
}

function bytesOf(file) {
  return file.endsWith(".xz") ? execFileSync("xz", ["-dc", file], { maxBuffer: 64 << 20 }) : readFileSync(file);
}
