-- 1 if we may take events out of a table, which replacing its partitions and handing partitions over
-- to it take, too.
CHECK GRANT ALTER DELETE ON {table:Identifier}
