-- The day keys in a table with one row: it never splits, so no copy of an old key stays behind in another page.
CREATE TABLE day_keys (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value BLOB NOT NULL
);
INSERT INTO day_keys SELECT 1, value FROM facts WHERE name = 'day-keys';
DELETE FROM facts WHERE name = 'day-keys';
