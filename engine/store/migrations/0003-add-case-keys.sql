-- One-time codes with which a case hands keys in; only their HMAC under the engine's secret is kept.
CREATE TABLE key_code (
  hash BLOB NOT NULL PRIMARY KEY,
  case_id TEXT NOT NULL REFERENCES cases (id),
  expires_at INTEGER NOT NULL,
  -- SHA-256 of the upload that used it up: the same upload may come again
  used_for BLOB
) STRICT, WITHOUT ROWID;

-- Keys of a case's own phone or token, sealed under the engine's secret. Bluezone: the sub-key of one day, never a daily key.
CREATE TABLE case_key (
  id INTEGER PRIMARY KEY,
  case_id TEXT NOT NULL REFERENCES cases (id),
  digest BLOB NOT NULL,
  scheme INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  publish INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  UNIQUE (case_id, digest)
) STRICT;
