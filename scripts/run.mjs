// npm run -s kiosk|gateway|engine|sim -- ARGS
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build } from "./lib/build.mjs";
import { installPackages } from "./lib/install.mjs";
import { requireTools } from "./lib/preflight.mjs";
import { root } from "./lib/root.mjs";

const [part, ...args] = process.argv.slice(2);
requireTools();
installPackages();
build();
const child = spawn(process.execPath, [join(root, "dist", part, "main.js"), ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
