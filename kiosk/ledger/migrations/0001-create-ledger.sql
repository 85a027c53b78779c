-- One row a check-in, in order of seq: the rowid is the seq, so a scan touches one page and no index.
-- cut: hash of the batch that ends with this row (32 bytes), or null inside a batch or before the cut.
CREATE TABLE checkins (
  seq INTEGER PRIMARY KEY,
  record BLOB NOT NULL,
  tag BLOB,
  cut BLOB
);
-- Public halves of the sealing sessions that rows still refer to.
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  header BLOB NOT NULL
);
-- Small facts of this ledger, each under its own name (kiosk/ledger/facts.ts).
CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
