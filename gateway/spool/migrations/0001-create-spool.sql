-- One row a chain: device, ledger epoch and stream. The head is the highest batch; it outlives the batches.
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  stored_upto INTEGER NOT NULL DEFAULT 0,
  stored_hash BLOB NOT NULL,
  head_upto INTEGER NOT NULL DEFAULT 0,
  head_hash BLOB NOT NULL,
  receipt BLOB,
  receipt_ms INTEGER,
  UNIQUE (device, epoch, stream)
);

-- What stands before the payload in a device's messages: COSE headers with two certificates, the same in each until it gets new ones.
-- It is kept once: it is longer than a batch of one row.
CREATE TABLE prefixes (
  id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE INDEX prefixes_by_stream ON prefixes (stream_id);

-- Signed batches, prefix and body one after the other as they came, until the engine's receipt covers them. `delivered` ones wait
-- only for the rows before them.
CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  prefix_id INTEGER NOT NULL,
  body BLOB NOT NULL,
  received_ms INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX batches_by_seq ON batches (stream_id, from_seq);

-- What could not be taken or was refused, newest rows only; the totals stand in `counts`.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  leaf TEXT NOT NULL,
  reason TEXT NOT NULL,
  body BLOB NOT NULL,
  at_ms INTEGER NOT NULL
);

CREATE TABLE counts (
  name TEXT PRIMARY KEY,
  n INTEGER NOT NULL
) WITHOUT ROWID;
