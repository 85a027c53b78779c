-- Times are milliseconds since 1970 (UTC). Enumerations are positions in the lists of protocol/checkin. Venues are the 40-bit
-- number of their id. Persons are the 16 bytes of their key.

CREATE TABLE device (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  device TEXT NOT NULL,
  UNIQUE (site, device)
) STRICT;

-- One row per device, epoch and stream; outlives every row of the stream, so that nothing erased comes back.
-- received, tombstoned: JSON arrays of [from, to].
CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL REFERENCES device (id),
  epoch TEXT NOT NULL,
  stream TEXT NOT NULL,
  upto INTEGER NOT NULL DEFAULT 0,
  chain_hash BLOB,
  stored INTEGER NOT NULL DEFAULT 0,
  received TEXT NOT NULL DEFAULT '[]',
  tombstoned TEXT NOT NULL DEFAULT '[]',
  UNIQUE (device_id, epoch, stream)
) STRICT;

CREATE TABLE batch (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (stream_id, from_seq)
) STRICT, WITHOUT ROWID;

-- A row's place is where it was sealed for: its own, or its origin when it was issued again after a fork. `direct` says that it
-- also came at that place itself.
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  place_stream INTEGER NOT NULL REFERENCES stream (id),
  place_seq INTEGER NOT NULL,
  digest BLOB NOT NULL,
  direct INTEGER NOT NULL,
  device_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  venue INTEGER NOT NULL,
  gate INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  boottime INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  clock INTEGER NOT NULL,
  uncertainty INTEGER NOT NULL,
  scheme INTEGER NOT NULL,
  party INTEGER NOT NULL,
  evidence INTEGER NOT NULL,
  person BLOB,
  earliest INTEGER,
  latest INTEGER,
  unknown INTEGER NOT NULL,
  annulled INTEGER NOT NULL DEFAULT 0,
  stored_at INTEGER NOT NULL,
  session_id INTEGER, -- in sealing_session; no foreign key, since pruning would look every session up in every row
  session_index INTEGER,
  vault BLOB
) STRICT;
CREATE UNIQUE INDEX event_place ON event (place_stream, place_seq, digest);
CREATE INDEX event_person ON event (person) WHERE person IS NOT NULL;
CREATE INDEX event_boot ON event (device_id, boot, boottime);

-- Other places that a row was issued at again after a fork.
CREATE TABLE alias (
  stream_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  place_stream INTEGER NOT NULL,
  place_seq INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (stream_id, seq, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_place ON alias (place_stream, place_seq);

-- Which place a stored annul takes back; own_stream is where the annul itself stood, to tell a copied card's rows apart.
CREATE TABLE annul (
  target_stream INTEGER NOT NULL,
  target_seq INTEGER NOT NULL,
  own_stream INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (target_stream, target_seq, own_stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE anchor (
  device_id INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  boottime INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  uncertainty INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, boot, boottime, wall, uncertainty)
) STRICT, WITHOUT ROWID;

-- What opens the vault envelopes of a sealing session, with the authority's vault key.
CREATE TABLE sealing_session (
  id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL,
  session BLOB NOT NULL,
  vault_key_id BLOB NOT NULL,
  vault_enc BLOB NOT NULL,
  UNIQUE (device_id, session, vault_enc)
) STRICT;

CREATE TABLE rejection (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  seq INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (stream_id, seq)
) STRICT, WITHOUT ROWID;

-- Rows and whole batches that were put aside, with their bytes; the same bytes stand here once.
CREATE TABLE dead_letter (
  hash BLOB NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  device_id INTEGER,
  bytes BLOB NOT NULL,
  stored_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letter_reason ON dead_letter (reason, stored_at);

-- Batches that contradict what is stored: a copied or restored card. Never merged.
CREATE TABLE quarantine (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  hash BLOB NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (stream_id, hash)
) STRICT;

CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Persons whose rows up to a time were erased; outlives the rows.
CREATE TABLE erasure (
  person BLOB NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Persons whose visits must be built anew.
CREATE TABLE dirty (
  person BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Slices of at most 12 hours, clustered for the range scan of matching.
CREATE TABLE visit (
  venue INTEGER NOT NULL,
  outer_from INTEGER NOT NULL,
  person BLOB NOT NULL,
  ordinal INTEGER NOT NULL,
  inner_from INTEGER NOT NULL,
  inner_to INTEGER NOT NULL,
  outer_to INTEGER NOT NULL,
  visit_from INTEGER NOT NULL,
  gate_in INTEGER,
  gate_out INTEGER,
  start_evidence INTEGER NOT NULL,
  end_evidence INTEGER NOT NULL,
  start_reason INTEGER NOT NULL,
  end_reason INTEGER NOT NULL,
  party INTEGER NOT NULL,
  PRIMARY KEY (venue, outer_from, person, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_person ON visit (person);

CREATE TABLE undated_visit (
  venue INTEGER NOT NULL,
  person BLOB NOT NULL,
  ordinal INTEGER NOT NULL,
  earliest INTEGER,
  latest INTEGER,
  length INTEGER,
  gate_in INTEGER,
  gate_out INTEGER,
  start_evidence INTEGER NOT NULL,
  end_evidence INTEGER NOT NULL,
  party INTEGER NOT NULL,
  PRIMARY KEY (venue, person, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX undated_visit_person ON undated_visit (person);

CREATE TABLE venue (
  venue INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  closing_hour INTEGER
) STRICT;

CREATE TABLE cases (
  id TEXT NOT NULL PRIMARY KEY,
  onset TEXT,
  sample TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE case_person (
  case_id TEXT NOT NULL REFERENCES cases (id),
  person BLOB NOT NULL,
  PRIMARY KEY (case_id, person)
) STRICT, WITHOUT ROWID;
