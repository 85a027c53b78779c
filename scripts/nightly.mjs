// npm run nightly: the same suites with the long counts (100 kills, 200 power cuts, three seeds).
process.env.BLUEPOST_NIGHTLY = "1";
await import("./test.mjs");
