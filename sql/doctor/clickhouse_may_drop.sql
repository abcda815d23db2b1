-- 1 if we may drop a table of this name; it need not exist.
CHECK GRANT DROP TABLE ON {table:Identifier}
