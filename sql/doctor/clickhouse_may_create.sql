-- 1 if we may make a table of this name; it need not exist.
CHECK GRANT CREATE TABLE ON {table:Identifier}
