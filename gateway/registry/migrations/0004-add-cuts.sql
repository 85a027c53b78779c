-- Up to which number of the revocation list each further worker of the site has cut kiosks off: what these had handed over is final then.
CREATE TABLE cuts (
  worker TEXT PRIMARY KEY,
  number INTEGER NOT NULL
) WITHOUT ROWID;
