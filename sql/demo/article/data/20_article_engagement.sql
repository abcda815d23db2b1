-- Hidden articles, and the old favourites that no metric reads any more.
INSERT INTO "ArticleEngagement" ("userId", "articleId", type, "createdAt")
SELECT demo.actor(p.id, j, p.size, 2001), p.id,
       CASE WHEN (p.before + j) % 4 = 3 THEN 'Favorite' ELSE 'Hide' END::"ArticleEngagementType",
       demo.moment(p.before + j, 2003, p.born)
FROM demo.popular(:articles, :article_engagements, :actors, 2004) AS p,
    generate_series(1, p.size) AS j;
