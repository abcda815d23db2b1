-- What became, after the cutoff, of earlier engagements and reactions: some were taken back, some reactions given
-- again.
DELETE FROM "ArticleEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "articleId", 9103) % 50 = 0;
DELETE FROM "ArticleReaction" WHERE "createdAt" < :cutoff AND demo.h(id, 9202) % 60 = 0;
UPDATE "ArticleReaction" SET "createdAt" = demo.after(id)
WHERE "createdAt" < :cutoff AND demo.h(id, 9202) % 100 = 1;
