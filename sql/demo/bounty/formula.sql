-- The oracle of Bounty: Favorite, Track, Entry, Benefactor, UnitAmount and Comment per bounty, of
-- every row before :until.
SELECT e."bountyId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "bountyId", count(*) FILTER (WHERE type = 'Favorite') AS favorites, count(*)
        FILTER (WHERE type = 'Track') AS tracks
    FROM "BountyEngagement"
    WHERE "createdAt" < :until
    GROUP BY "bountyId"
) AS e
CROSS JOIN LATERAL (VALUES ('Favorite', favorites), ('Track', tracks)) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT "bountyId", 'Entry', count(*), count(*)
FROM "BountyEntry"
WHERE "createdAt" < :until
GROUP BY "bountyId"
UNION ALL
SELECT b."bountyId", m.name, m.total, m.events
FROM (
    SELECT "bountyId", count(*) AS benefactors, sum("unitAmount")::bigint AS amount
    FROM "BountyBenefactor"
    WHERE "createdAt" < :until
    GROUP BY "bountyId"
) AS b
CROSS JOIN LATERAL (VALUES ('Benefactor', benefactors, benefactors),
    ('UnitAmount', amount, benefactors)) AS m (name, total, events)
UNION ALL
SELECT t."bountyId", 'Comment', count(*), count(*)
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."bountyId" IN (SELECT id FROM "Bounty") AND c."createdAt" < :until
GROUP BY t."bountyId";
