-- The events of an entity that has no live.sql, from :cutoff on.
SELECT * FROM demo.derived WHERE "entityType" = :entity AND "createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3, 5;
