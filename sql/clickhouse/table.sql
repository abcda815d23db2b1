-- Engine and layout of the target, and the materialized views that see its inserts.
SELECT engine, partition_key, sorting_key, dependencies_table AS views
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
