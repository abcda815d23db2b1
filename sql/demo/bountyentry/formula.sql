-- The oracle of BountyEntry: reactions, UnitAmount of the benefactors that awarded the entry (at
-- award time), TipCount and TipAmount under both spellings, of entries that exist and every row
-- before :until.
SELECT r."bountyEntryId" AS "entityId", m.name AS "metricType", m.total, m.total AS events
FROM (
    SELECT "bountyEntryId",
           count(*) FILTER (WHERE reaction = 'Like') AS likes,
           count(*) FILTER (WHERE reaction = 'Dislike') AS dislikes,
           count(*) FILTER (WHERE reaction = 'Laugh') AS laughs,
           count(*) FILTER (WHERE reaction = 'Cry') AS cries,
           count(*) FILTER (WHERE reaction = 'Heart') AS hearts
    FROM "BountyEntryReaction"
    WHERE "createdAt" < :until
    GROUP BY "bountyEntryId"
) AS r
CROSS JOIN LATERAL (
    VALUES ('ReactionLike', likes), ('ReactionDislike', dislikes), ('ReactionLaugh', laughs),
        ('ReactionCry', cries), ('ReactionHeart', hearts)
) AS m (name, total)
WHERE m.total > 0
UNION ALL
SELECT "awardedToId", 'UnitAmount', sum("unitAmount")::bigint, count(*)
FROM "BountyBenefactor"
WHERE "awardedToId" IS NOT NULL AND coalesce("awardedAt", "updatedAt") < :until
GROUP BY "awardedToId"
UNION ALL
SELECT t."entityId", m.name, m.total, m.events
FROM (
    SELECT "entityId", count(*) AS tips, sum(amount)::bigint AS amount
    FROM "BuzzTip"
    WHERE lower("entityType") = 'bountyentry' AND "createdAt" < :until
    GROUP BY "entityId"
) AS t
CROSS JOIN LATERAL (VALUES ('TipCount', tips, tips), ('TipAmount', amount, tips)) AS m
    (name, total, events)
WHERE t."entityId" IN (SELECT id FROM "BountyEntry");
