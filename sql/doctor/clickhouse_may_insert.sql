-- 1 if we may add events to a table, which handing partitions over to it takes, too.
CHECK GRANT INSERT ON {table:Identifier}
