-- 1 if we may add events to a table, which attaching partitions to it takes, too.
CHECK GRANT INSERT ON {table:Identifier}
