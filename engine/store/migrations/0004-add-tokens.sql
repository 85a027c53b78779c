-- Tokens that the authority handed out. The seed is sealed under the engine's secret. auto_checkin: the wearer opted in, so what
-- kiosks hear of the token becomes visits.
CREATE TABLE token (
  id INTEGER PRIMARY KEY,
  serial TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL,
  person BLOB NOT NULL,
  auto_checkin INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX token_person ON token (person);
