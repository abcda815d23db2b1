-- Where the tables of these names are, whatever the search path: the schema, whether this role may use
-- it, and whether the search path finds the table. The catalogs tell so without any privilege.
SELECT c.relname AS "table",
       n.nspname AS "schema",
       has_schema_privilege(n.oid, 'USAGE') AS "usable",
       pg_table_is_visible(c.oid) AS "visible"
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY (:tables::text[])
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname
