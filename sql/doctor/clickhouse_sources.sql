-- Which of some tables are there, and how large they are.
SELECT name, toInt64(ifNull(total_rows, 0)) AS rows, toInt64(ifNull(total_bytes, 0)) AS bytes
FROM system.tables
WHERE database = currentDatabase() AND name IN {tables:Array(String)}
