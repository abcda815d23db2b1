-- Live events of BountyEntry from :cutoff on; an award counts when it was given, not when the
-- benefactor joined.
SELECT 'BountyEntry' AS "entityType", r."bountyEntryId" AS "entityId", r."userId",
    'Reaction' || r.reaction AS "metricType",
       1 AS "metricValue", r."createdAt"
FROM "BountyEntryReaction" r
WHERE r."createdAt" >= :cutoff
UNION ALL
SELECT 'BountyEntry', b."awardedToId", b."userId", 'UnitAmount', b."unitAmount",
    coalesce(b."awardedAt", b."updatedAt")
FROM "BountyBenefactor" b
WHERE b."awardedToId" IS NOT NULL AND coalesce(b."awardedAt", b."updatedAt") >= :cutoff
UNION ALL
SELECT 'BountyEntry', t."entityId", t."fromUserId", m.name, m.value, t."createdAt"
FROM "BuzzTip" t
JOIN "BountyEntry" e ON e.id = t."entityId"
CROSS JOIN LATERAL (VALUES ('TipCount', 1), ('TipAmount', t.amount)) AS m (name, value)
WHERE lower(t."entityType") = 'bountyentry' AND t."createdAt" >= :cutoff
ORDER BY 2, 4, 6, 3, 5;
