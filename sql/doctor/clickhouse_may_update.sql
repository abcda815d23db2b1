-- 1 if we may change rows of a table: to the server a delete is a change of a hidden column.
CHECK GRANT ALTER UPDATE ON {table:Identifier}
