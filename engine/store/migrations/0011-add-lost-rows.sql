-- Check-in rows that a tombstone names, where they stood, and when the engine learned it: they were written before that. What of a
-- range came after all stands in stream.received.
CREATE TABLE lost_rows (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  from_seq INTEGER NOT NULL,
  venue INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (stream_id, from_seq, venue)
) STRICT, WITHOUT ROWID;

-- What older tombstones told, at every venue of the stream: their own was not kept.
INSERT INTO lost_rows (stream_id, from_seq, venue, to_seq, stored_at)
  SELECT s.id, t.value->>0, e.venue, t.value->>1, max(e.stored_at)
  FROM stream s JOIN json_each(s.tombstoned) t JOIN event e ON e.place_stream = s.id
  WHERE s.stream = 'c' GROUP BY s.id, t.value->>0, e.venue;
INSERT OR IGNORE INTO dirty (person) SELECT DISTINCT person FROM visit WHERE venue IN (SELECT venue FROM lost_rows);
