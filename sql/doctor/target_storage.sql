-- What the target was made with, its size, and changes of its rows that have not ended.
SELECT engine_full AS made,
       toInt64(ifNull(total_rows, 0)) AS rows,
       toInt64(ifNull(total_bytes, 0)) AS bytes,
       (
           SELECT toInt64(count())
           FROM system.mutations
           WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done
       ) AS mutations
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
