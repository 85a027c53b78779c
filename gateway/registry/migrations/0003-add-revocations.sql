-- The revocation list, in the order of its numbers. Devices that earlier versions revoked stand first.
CREATE TABLE revocations (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
INSERT INTO revocations (device, reason, at_ms)
  SELECT device, 'unspecified', revoked_ms FROM devices WHERE revoked_ms IS NOT NULL ORDER BY revoked_ms, device;
