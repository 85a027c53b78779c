-- The tag key that the doors of a site share, of one site day; sealed under the engine's secret. Older days' keys are overwritten.
CREATE TABLE site_key (
  site TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  site_day INTEGER NOT NULL,
  -- Revoked kiosks of the site when this generation began: one more, and a new generation begins.
  revoked INTEGER NOT NULL,
  box BLOB NOT NULL
) STRICT;
