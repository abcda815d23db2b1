-- Gives fresh statistics.
ANALYZE;
