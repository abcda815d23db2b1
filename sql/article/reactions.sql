-- Reactions to the article that still stand. The unique key that starts with articleId serves the
-- range.
SELECT r."articleId" AS "entityId",
       r."userId" AS "userId",
       r."createdAt" AS "createdAt",
       r.reaction::text AS "reaction"
FROM "ArticleReaction" r
WHERE r."articleId" >= :start
  AND r."articleId" < :stop
  AND r."createdAt" < :until
