-- Key that a device was enrolled with, raw Ed25519: it may renew its certificate by a signature. Null for bundles of older versions.
ALTER TABLE devices ADD COLUMN public_key BLOB;

-- Setup codes. Of the token only its hash is kept: whoever reads this file cannot make the code from it.
CREATE TABLE claims (
  token_hash BLOB PRIMARY KEY,
  device TEXT,
  venue TEXT NOT NULL,
  venue_name TEXT NOT NULL,
  gate INTEGER NOT NULL,
  host TEXT NOT NULL,
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER,
  used_key BLOB
) WITHOUT ROWID;
