-- Tables by name, as the search path finds them: whether each is there and may be read, whether row
-- security hides rows from us, and its size as the statistics know it (-1: never analyzed).
SELECT t.name AS "table",
       c.oid IS NOT NULL AS "present",
       COALESCE(has_any_column_privilege(c.oid, 'SELECT'), false) AS "readable",
       COALESCE(row_security_active(c.oid), false) AS "hidden",
       COALESCE(c.reltuples, -1)::bigint AS "rows",
       COALESCE(pg_total_relation_size(c.oid), 0) AS "bytes"
FROM unnest(:tables::text[]) AS t (name)
LEFT JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name))
ORDER BY t.name
