-- What may be certain of a stay has changed (engine/visits/doubt-visits.ts): everybody's visits are built anew.
INSERT INTO dirty (person) SELECT DISTINCT person FROM event WHERE person IS NOT NULL ON CONFLICT DO NOTHING;
