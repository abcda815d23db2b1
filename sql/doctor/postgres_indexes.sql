-- Indexes of tables that can serve a range of their first column, and that column. One with a
-- predicate counts only if it leaves out nothing but NULL, which no range asks for.
SELECT t.name AS "table",
       a.attname::text AS "column",
       x.relname::text AS "index",
       i.indisvalid AS "valid"
FROM unnest(:tables::text[]) AS t (name)
JOIN pg_index i ON i.indrelid = to_regclass(quote_ident(t.name))
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indpred IS NULL
   OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)
ORDER BY 1, 2, 3
