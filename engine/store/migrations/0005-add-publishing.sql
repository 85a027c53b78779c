-- The key that a kiosk's screen and beacon go by, from the event that told it; sealed under the engine's secret.
CREATE TABLE venue_key (
  event_id INTEGER PRIMARY KEY REFERENCES event (id) ON DELETE CASCADE,
  venue INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX venue_key_venue ON venue_key (venue);

-- Seeds of printed posters, sealed under the engine's secret.
CREATE TABLE poster (
  id INTEGER PRIMARY KEY,
  venue INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX poster_venue ON poster (venue);

-- What is to be published or was. kind: position in ENTRY_KINDS of protocol/publish. Keys are in the open here: they are meant to be.
CREATE TABLE published_entry (
  kind INTEGER NOT NULL,
  key BLOB NOT NULL,
  first_interval INTEGER NOT NULL,
  intervals INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  -- the file that it stands in; null until the next hour
  number INTEGER,
  PRIMARY KEY (kind, key, first_interval, intervals)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_file (
  number INTEGER PRIMARY KEY,
  hour INTEGER NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT;
