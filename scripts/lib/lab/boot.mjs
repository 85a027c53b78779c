import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { inRoot, root } from "../root.mjs";
import { findProgram } from "./tools.mjs";

const MEMORY_MB = 2_048;

/**
 * Boots the guest over the host's disk, read only, and passes on what it says.
 *
 * @param lab.accel "tcg" runs anywhere; "kvm" is faster where the machine lends it
 * @returns exit code of the suites; "ended" or "late" when the guest never got that far
 */
export function bootGuest({ kernel, initramfs, tools, only, accel, timeoutMs }, say) {
  const words = [
    "console=ttyS0 quiet panic=-1 loglevel=3",
    `lab.script=${inRoot("scripts/lib/lab/guest.sh")}`,
    `lab.root=${root}`,
    `lab.path=${dirname(process.execPath)}`,
    `lab.tools=${tools}`,
    `lab.only=${only.join(",")}`,
  ];
  const args = [
    ...[
      "-accel",
      accel,
      "-cpu",
      accel === "kvm" ? "host" : "max",
      "-machine",
      "q35",
      "-smp",
      "2",
      "-m",
      `${MEMORY_MB}`,
    ],
    ...["-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"],
    ...["-kernel", kernel.image, "-initrd", initramfs, "-append", words.join(" ")],
    ...["-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"],
    ...["-device", "virtio-9p-pci,fsdev=host,mount_tag=host"],
  ];
  return new Promise((resolve) => {
    const guest = spawn(findProgram("qemu-system-x86_64"), args, { stdio: ["ignore", "pipe", "inherit"] });
    let why = "ended";
    const timer = setTimeout(() => {
      why = "late";
      guest.kill("SIGKILL");
    }, timeoutMs);
    const stop = () => guest.kill("SIGTERM");
    process.once("SIGINT", stop);
    let code = null;
    createInterface({ input: guest.stdout }).on("line", (line) => {
      const ended = line.match(/LAB: ended with (\d+)/);
      if (ended) code = Number(ended[1]);
      say(line.replace(/\r$/, ""));
    });
    guest.once("error", () => resolve(why));
    guest.once("close", () => {
      clearTimeout(timer);
      process.off("SIGINT", stop);
      resolve(code ?? why);
    });
  });
}
