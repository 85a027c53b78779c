-- What an officer was told about two people at one place: masks, distance and whatever else no door can know.
CREATE TABLE told_fact (
  case_id TEXT NOT NULL REFERENCES cases (id),
  person BLOB NOT NULL,
  -- name of the fact: engine/rules/facts.ts
  fact TEXT NOT NULL,
  value INTEGER NOT NULL,
  told_at INTEGER NOT NULL,
  PRIMARY KEY (case_id, person, fact)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_fact_person ON told_fact (person);
