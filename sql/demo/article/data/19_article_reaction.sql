-- Reactions on articles. Every fifth user leaves two different ones.
INSERT INTO "ArticleReaction" (id, "articleId", "userId", reaction, "createdAt", "updatedAt")
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 THEN demo.at(demo.u(n, 1906))
    ELSE "createdAt" END, n)),
       "articleId", "userId", reaction, "createdAt", "createdAt"
FROM (
    SELECT p.before + j AS n, p.id AS "articleId", demo.actor(p.id, j - j / 5, p.size, 1901)
        AS "userId",
           demo.reaction(p.before + j - repeated, 1902, repeated) AS reaction,
               demo.moment(p.before + j, 1903, p.born) AS "createdAt"
    FROM demo.popular(:articles, :article_reactions, :actors, 1904) AS p
    CROSS JOIN generate_series(1, p.size) AS j
    CROSS JOIN LATERAL (SELECT CASE WHEN j % 5 = 0 THEN 1 ELSE 0 END AS repeated) AS again
) AS reaction;
