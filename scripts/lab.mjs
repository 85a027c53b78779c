// npm run lab [-- options] [test files]: the product's GPIO and radio adapters on a real Linux kernel, in a virtual machine.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bootGuest } from "./lib/lab/boot.mjs";
import { packInitramfs } from "./lib/lab/initramfs.mjs";
import { prepareKernel } from "./lib/lab/kernel.mjs";
import { missingPackages, output } from "./lib/lab/tools.mjs";
import { prepare } from "./lib/part.mjs";
import { EXIT, giveUp, inRoot, root, say } from "./lib/root.mjs";

const USAGE = [
  "Usage: npm run lab [-- [--kvm] [--minutes N] [test files]]",
  "Boots Debian's kernel in QEMU with Bluetooth controllers on /dev/vhci and a simulated GPIO chip, and runs test/lab there.",
  "  --kvm        use the machine's own virtualisation instead of emulation",
  "  --minutes N  give up after N minutes (10)",
];

const { values, positionals } = options();
const minutes = Number(values.minutes);
if (!Number.isFinite(minutes) || minutes <= 0) giveUp(EXIT.usage, "--minutes takes a number above 0.", ...USAGE);
if (process.platform !== "linux" || process.arch !== "x64")
  giveUp(EXIT.unavailable, "npm run lab: skipped: it needs Debian or Ubuntu on amd64; test/contract runs everywhere.");
if (root.startsWith("/tmp/"))
  giveUp(EXIT.unavailable, "npm run lab: skipped: the guest has a /tmp of its own; check the project out elsewhere.");
const missing = missingPackages();
if (missing.length > 0)
  giveUp(EXIT.unavailable, "npm run lab: skipped: programs are missing.", `  apt-get install ${missing.join(" ")}`);

await prepare();
const folder = inRoot("run/lab");
mkdirSync(folder, { recursive: true });
try {
  const kernel = await prepareKernel(folder, say);
  await output("cc", ["-O2", "-o", join(folder, "hci-up"), inRoot("scripts/lib/lab/hci-up.c")]);
  const initramfs = packInitramfs(kernel, folder);
  say("Booting ...");
  const accel = values.kvm ? "kvm" : "tcg";
  const guest = { kernel, initramfs, tools: folder, only: positionals, accel, timeoutMs: minutes * 60_000 };
  const code = await bootGuest(guest, (line) => console.log(line));
  if (code === "late") giveUp(EXIT.failure, `npm run lab: the guest did not finish within ${minutes} minutes.`);
  if (code === "ended") giveUp(EXIT.failure, "npm run lab: the guest ended early; its last lines say why.");
  process.exit(code === 0 ? EXIT.ok : EXIT.failure);
} catch (fault) {
  giveUp(EXIT.failure, `npm run lab: ${fault instanceof Error ? fault.message.split("\n")[0] : fault}`);
}

function options() {
  try {
    const known = { kvm: { type: "boolean" }, minutes: { type: "string", default: "10" }, help: { type: "boolean" } };
    const given = parseArgs({ options: known, allowPositionals: true });
    if (given.values.help) giveUp(EXIT.ok, ...USAGE);
    return given;
  } catch (fault) {
    return giveUp(EXIT.usage, fault instanceof Error ? fault.message : "wrong options", ...USAGE);
  }
}
