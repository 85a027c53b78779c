-- Rows that left the spool, by the site day on which they came in: `receipted` ones are the engine's, `refused` ones are in the
-- engine's dead letters. What has not left it yet stands in `batches`.
CREATE TABLE audit_days (
  day INTEGER NOT NULL,
  device TEXT NOT NULL,
  stream TEXT NOT NULL,
  receipted INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, device, stream)
) WITHOUT ROWID;
