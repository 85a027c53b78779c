-- Devices that this site's gateway has given a certificate. A revoked device keeps its row, so that its name is not used again by mistake.
CREATE TABLE devices (
  device TEXT PRIMARY KEY,
  venue TEXT NOT NULL,
  venue_name TEXT NOT NULL,
  gate INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  added_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) WITHOUT ROWID;
