// npm run build
import { build } from "./lib/build.mjs";
import { installPackages } from "./lib/install.mjs";
import { requireTools } from "./lib/preflight.mjs";

requireTools();
installPackages();
build();
