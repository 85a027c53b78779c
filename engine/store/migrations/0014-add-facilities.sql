-- Places that check themselves by a list; a place is a registered venue.
CREATE TABLE facility (
  venue INTEGER PRIMARY KEY REFERENCES venue (venue),
  -- id of the full list: engine/facilities/lists
  list TEXT NOT NULL,
  -- degrees, WGS 84; null when it is not on the map
  lat REAL,
  lon REAL
) STRICT;

-- Every check that was made; what it comes to is the list's to say.
CREATE TABLE facility_check (
  id INTEGER PRIMARY KEY,
  venue INTEGER NOT NULL REFERENCES facility (venue),
  list TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- ids of the items that did not pass, as JSON
  failed TEXT NOT NULL
) STRICT;
CREATE INDEX facility_check_venue ON facility_check (venue, at);
