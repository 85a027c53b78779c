-- Stream p: what the radio heard, one row a session. The same columns as checkins; no tags.
CREATE TABLE presence (
  seq INTEGER PRIMARY KEY,
  record BLOB NOT NULL,
  tag BLOB,
  cut BLOB
);
-- Sealing sessions of presence rows.
CREATE TABLE presence_sessions (
  id INTEGER PRIMARY KEY,
  header BLOB NOT NULL
);
