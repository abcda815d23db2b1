-- 1 if we may read a table: the target, or a private table beside it.
CHECK GRANT SELECT ON {table:Identifier}
