-- Reactions on images, also on deleted ones (no foreign key). Every fifth user leaves two different
-- ones.
INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 THEN demo.at(demo.u(n, 1606))
    ELSE "createdAt" END, n)),
       "imageId", "userId", reaction, "createdAt", "createdAt"
FROM (
    SELECT p.before + j AS n, p.id AS "imageId", demo.actor(p.id, j - j / 5, p.size, 1601)
        AS "userId",
           demo.reaction(p.before + j - repeated, 1602, repeated) AS reaction,
               demo.moment(p.before + j, 1603, p.born) AS "createdAt"
    FROM demo.popular(:images, :image_reactions, :actors, 1604) AS p
    CROSS JOIN generate_series(1, p.size) AS j
    CROSS JOIN LATERAL (SELECT CASE WHEN j % 5 = 0 THEN 1 ELSE 0 END AS repeated) AS again
    UNION ALL
    SELECT 1000000007 + p.before + j, demo.gone(p.i), demo.actor(p.id, j, p.size, 1605), 'Like',
        demo.moment(p.before + j, 1603, p.born)
    FROM demo.popular(:images / 6, :image_reactions / 60 + 5, :actors, 1607) AS p,
        generate_series(1, p.size) AS j
) AS reaction;
