-- Kiosks that the authority wants revoked; their gateways fetch the list, and answer with their own.
CREATE TABLE revocation_order (
  site TEXT NOT NULL,
  number INTEGER NOT NULL,
  device TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (site, number),
  UNIQUE (site, device)
) WITHOUT ROWID;
