-- Rows of a table.
SELECT count() AS rows FROM {table:Identifier}
