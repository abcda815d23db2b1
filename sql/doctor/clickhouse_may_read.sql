-- 1 if we may read a table.
CHECK GRANT SELECT ON {table:Identifier}
