-- Settings that our statements pin, as far as this server knows them: what they are in such a
-- statement, and whether the user's profile forbids to change them.
SELECT name, value, readonly > 0 AS fixed
FROM system.settings
WHERE name IN ('async_insert', 'insert_deduplicate', 'deduplicate_insert',
               'deduplicate_insert_select', 'mutations_sync', 'lightweight_deletes_sync')
ORDER BY name
