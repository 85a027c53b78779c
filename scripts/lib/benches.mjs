/** Every bench: its name on the command line, and what it answers. The module is test/bench/NAME.bench.ts. */
export const BENCHES = {
  "ble-keys": "daily keys of phones to identifiers, looked up among what kiosks heard, against the naive loop",
  gateway:
    "PUBACK after a durable commit: against a commit per row, against mosquitto, with slow flushes, and over kills",
  ingest: "check-ins that the engine verifies, opens and commits in a second",
  ledger: "bytes and flushes on the card for a check-in's whole life, and the time from a scan to its answer",
  sim: "how much faster than real time the simulator lives through a day, and through every packet of a crowded room",
};
