-- The columns of a table, as the search path finds it; no row if there is no such table.
SELECT a.attname::text AS "column"
FROM pg_attribute a
WHERE a.attrelid = to_regclass(quote_ident(:table))
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attnum
