-- HMAC of a venue key, to find it by: a claim of presence brings the key, sealed by the kiosk's screen.
ALTER TABLE venue_key ADD COLUMN name BLOB;
CREATE INDEX venue_key_name ON venue_key (name);

-- Where a case's phone scanned a kiosk's screen.
CREATE TABLE case_place (
  case_id TEXT NOT NULL REFERENCES cases (id),
  venue INTEGER NOT NULL,
  at INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (case_id, venue, at)
) STRICT, WITHOUT ROWID;
