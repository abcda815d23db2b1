-- 1 if we may have a replica of a table catch up with the others.
CHECK GRANT SYSTEM SYNC REPLICA ON {table:Identifier}
