/** Test files that run at the same time look for ports in different halves of the range (sim/network/free-ports.ts). */
const half = Number(process.env["VITEST_POOL_ID"]) % 2;
process.env["BLUEPOST_SIM_PORTS"] ??= half === 0 ? "20000-25999" : "26000-31999";
