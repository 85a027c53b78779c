-- What each kiosk shall be set to, whole; the version only ever rises.
CREATE TABLE desired (
  device TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  settings TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- What each kiosk last said that it is set to.
CREATE TABLE reported (
  device TEXT PRIMARY KEY,
  message TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Commands, for thirty days. `outcome` is null until the kiosk answers.
CREATE TABLE commands (
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  name TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  outcome TEXT,
  fault TEXT,
  ended_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX commands_by_device ON commands (device, at_ms);

-- The last support bundle of each kiosk, gzip.
CREATE TABLE bundles (
  device TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL
) WITHOUT ROWID;

-- Who may use the fleet page. `password` is an Argon2id hash in its usual text form; `totp_step` is the last step that was used.
CREATE TABLE operators (
  name TEXT PRIMARY KEY,
  password TEXT NOT NULL,
  totp_secret TEXT NOT NULL,
  totp_step INTEGER NOT NULL DEFAULT 0,
  added_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- The one code that makes the next operator: SHA-256 of it.
CREATE TABLE setup_code (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  hash BLOB NOT NULL,
  expires_ms INTEGER NOT NULL
);

-- Who did what. Never anything of a visitor.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  operator TEXT NOT NULL,
  action TEXT NOT NULL,
  device TEXT,
  detail TEXT NOT NULL DEFAULT ''
);
