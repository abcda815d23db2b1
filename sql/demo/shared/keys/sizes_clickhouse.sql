-- Rows of every ClickHouse table of the demo.
SELECT name, toInt64(total_rows)
FROM system.tables
WHERE (database = currentDatabase() OR database = 'orchestration') AND total_rows IS NOT NULL
ORDER BY name;
