// npm run build: installs when needed and brings dist up to date.
import { prepare } from "./lib/part.mjs";

await prepare();
