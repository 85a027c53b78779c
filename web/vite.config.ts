import { join } from "node:path";
import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

/** One entry a page: dist/web/<page>/, served by the part of that name. */
const page = process.env["BLUEPOST_PAGE"] ?? "kiosk";

export default defineConfig({
  root: join(import.meta.dirname, page),
  base: "./",
  plugins: [preact({ reactAliasesEnabled: false, devToolsEnabled: false })],
  build: {
    outDir: join(import.meta.dirname, "../dist/web", page),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
  },
});
