-- The last revocation list of each site, as its gateway signed it.
CREATE TABLE revocation_list (
  site TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  bytes BLOB NOT NULL
) WITHOUT ROWID;
