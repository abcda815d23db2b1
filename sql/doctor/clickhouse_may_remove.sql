-- 1 if we may take events out of a table, which replacing its partitions and attaching partitions
-- to it take, too.
CHECK GRANT ALTER DELETE ON {table:Identifier}
