-- How far the streams of a revoked device count, for lines that were taken over from the engine's list: their rows may be in no spool here.
ALTER TABLE revocations ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
