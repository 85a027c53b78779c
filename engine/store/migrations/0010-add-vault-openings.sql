-- Openings of vault envelopes: one row each, written before anything is readable, each holding the hash of the one before. Rows are
-- never changed or deleted; persons: JSON array of keys in hex.
CREATE TABLE vault_opening (
  n INTEGER PRIMARY KEY,
  opened_at INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  persons TEXT NOT NULL,
  previous BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;
