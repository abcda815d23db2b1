-- Hides of the article that still stand. Driven from the primary key of Article, because the index
-- on articleId is a hash.
SELECT a.id AS "entityId",
       ae."userId" AS "userId",
       ae."createdAt" AS "createdAt"
FROM "Article" a
JOIN "ArticleEngagement" ae ON ae."articleId" = a.id
WHERE ae.type = 'Hide'
  AND a.id >= :start
  AND a.id < :stop
  AND ae."createdAt" < :until
