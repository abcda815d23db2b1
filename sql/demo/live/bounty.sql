-- Live events of Bounty from :cutoff on.
SELECT 'Bounty' AS "entityType", e."bountyId" AS "entityId", e."userId",
    e.type::text AS "metricType", 1 AS "metricValue", e."createdAt"
FROM "BountyEngagement" e
WHERE e."createdAt" >= :cutoff
UNION ALL
SELECT 'Bounty', e."bountyId", coalesce(e."userId", 0), 'Entry', 1, e."createdAt"
FROM "BountyEntry" e
WHERE e."createdAt" >= :cutoff
UNION ALL
SELECT 'Bounty', b."bountyId", b."userId", m.name, m.value, b."createdAt"
FROM "BountyBenefactor" b
CROSS JOIN LATERAL (VALUES ('Benefactor', 1), ('UnitAmount', b."unitAmount")) AS m (name, value)
WHERE b."createdAt" >= :cutoff
UNION ALL
SELECT 'Bounty', t."bountyId", c."userId", 'Comment', 1, c."createdAt"
FROM "CommentV2" c
JOIN "Thread" t ON t.id = c."threadId"
WHERE t."bountyId" IS NOT NULL AND c."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3;
