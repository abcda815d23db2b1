-- Gives a legacy table its key, after its load, and fresh statistics. Repeatable.
ALTER TABLE :table DROP CONSTRAINT IF EXISTS :key, ADD CONSTRAINT :key PRIMARY KEY (:id, timeframe);
ANALYZE :table;
