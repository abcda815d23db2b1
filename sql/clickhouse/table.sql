-- Engine and layout of the target, the statement that makes it, the materialized views that see its
-- inserts, and how many parts it has.
SELECT engine, partition_key, sorting_key, storage_policy,
       create_table_query AS definition,
       dependencies_table AS views,
       (
           SELECT toInt64(count())
           FROM system.parts
           WHERE database = currentDatabase() AND table = {table:String} AND active
       ) AS parts
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
