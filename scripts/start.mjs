// npm start: installs and builds when needed, then runs a whole simulated site until Ctrl-C.
process.argv.splice(2, 0, "sim", "site");
await import("./run.mjs");
