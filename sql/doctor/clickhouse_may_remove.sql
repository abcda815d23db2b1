-- 1 if we may take surplus events out of the target.
CHECK GRANT ALTER DELETE ON {table:Identifier}
