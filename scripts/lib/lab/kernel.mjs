import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, unpackSource } from "./tools.mjs";

/** Source files of the simulated GPIO chip, which Debian does not build. */
const GPIO_SOURCES = ["drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"];

/**
 * Debian's own kernel, unpacked into `folder`, with the modules that the lab adds to it. Nothing is installed on the host and nothing
 * built is kept in the repository: the modules are GPL and are made here, from Debian's source, when the lab first runs.
 *
 * @returns {Promise<{version: string, image: string, modules: string, built: string}>}
 */
export async function prepareKernel(folder, say) {
  const image = await dependency("linux-image-amd64", /^linux-image-\d\S*-amd64$/);
  const version = image.replace("linux-image-", "");
  const kernel = join(folder, version);
  const done = join(kernel, "complete");
  const found = {
    version,
    image: join(kernel, `boot/vmlinuz-${version}`),
    modules: join(kernel, `lib/modules/${version}`),
    built: join(kernel, "built"),
  };
  if (existsSync(done)) return found;
  mkdirSync(found.built, { recursive: true });
  const series = version.match(/^\d+\.\d+/)[0];
  const headers = [`linux-headers-${version}`, `linux-headers-${version.replace("-amd64", "-common")}`];
  const wanted = [image, ...headers, `linux-kbuild-${series}`, `linux-source-${series}`];
  say(`Fetching ${wanted.length} packages of Debian's kernel ${version} (about 220 MB, once) ...`);
  await output("apt-get", ["-o", "APT::Sandbox::User=root", "download", ...wanted], { cwd: kernel });
  const debOf = (name) =>
    join(
      kernel,
      readdirSync(kernel).find((file) => file.startsWith(`${name}_`)),
    );
  for (const name of wanted.slice(0, -1)) await output("dpkg-deb", ["-x", debOf(name), kernel]);
  say("Building the simulated GPIO chip for it ...");
  const source = `linux-source-${series}`;
  const files = GPIO_SOURCES.map((file) => `${source}/${file}`);
  await unpackSource({ deb: debOf(source), tar: `./usr/src/${source}.tar.xz`, files, into: found.built });
  await buildGpioSim(found, { kernel, headers, source });
  writeFileSync(done, "");
  return found;
}

/** What a package that stands for the newest version stands for today. */
async function dependency(name, form) {
  const lines = (await output("apt-cache", ["depends", name])).split("\n");
  const found = lines.map((line) => line.trim().replace(/^Depends: /, "")).find((one) => form.test(one));
  if (!found) throw new Error(`${name} is in no package list here: apt-get update, on Debian for amd64`);
  return found;
}

async function buildGpioSim({ built }, { kernel, headers: [own, common], source }) {
  const headers = join(kernel, "usr/src", own);
  writeFileSync(join(headers, "Makefile"), `include ${join(kernel, "usr/src", common)}/Makefile\n`);
  for (const file of GPIO_SOURCES) {
    const text = readFileSync(join(built, source, file), "utf8");
    writeFileSync(join(built, file.split("/").at(-1)), file.endsWith("irq_sim.c") ? asModule(text) : text);
  }
  writeFileSync(join(built, "Makefile"), "obj-m := irq_sim.o gpio-sim.o\n");
  await output("make", ["-C", headers, `M=${built}`, "CC=cc", "modules"]);
}

/** A module may not take an interrupt's description by number; the call that it may make does the same. */
function asModule(text) {
  const changed = text.replace("handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)");
  return `${changed.replace("#include <linux/slab.h>", "#include <linux/slab.h>\n#include <linux/module.h>")}\nMODULE_LICENSE("GPL");\n`;
}
