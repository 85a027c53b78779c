-- What kiosks heard. Time and place of a session are those of its event, which is the first sighting; `duration` later was the last.
-- Ids are never used twice: the index in memory asks for what came after the last one that it has.
CREATE TABLE presence (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id INTEGER NOT NULL UNIQUE REFERENCES event (id) ON DELETE CASCADE,
  scheme INTEGER NOT NULL,
  ident BLOB NOT NULL,
  duration INTEGER NOT NULL,
  n INTEGER NOT NULL,
  rssi_max INTEGER NOT NULL,
  rssi_mean INTEGER NOT NULL,
  tx_power INTEGER,
  metadata BLOB,
  -- 0 until registered tokens were asked whether it is one of theirs
  sought INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX presence_sought ON presence (scheme, id) WHERE sought = 0;
CREATE INDEX event_presence ON event (venue, earliest) WHERE kind = 4;

-- A session that got another time comes again as a new one.
CREATE TRIGGER presence_redated AFTER UPDATE OF earliest, latest, unknown ON event WHEN NEW.kind = 4
BEGIN
  INSERT OR REPLACE INTO presence (event_id, scheme, ident, duration, n, rssi_max, rssi_mean, tx_power, metadata)
    SELECT event_id, scheme, ident, duration, n, rssi_max, rssi_mean, tx_power, metadata FROM presence WHERE event_id = NEW.id;
END;
