-- Comments in threads: twins (same user, same millisecond), hidden and TOS-violating ones, which
-- count, and replies in child threads, which do not.
INSERT INTO "CommentV2" (id, content, "createdAt", "updatedAt", "tosViolation", "userId",
    "threadId", hidden)
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 THEN demo.at(demo.u(n, 1506))
    ELSE "createdAt" END, place, n)),
       'comment', "createdAt", "createdAt", n % 31 = 8, "userId", "threadId", n % 37 = 6
FROM (
    SELECT place, p.before + j AS n, t.id AS "threadId",
        demo.actor(t.id, j / 2, p.size, 1501) AS "userId",
           demo.moment(p.before + j - CASE WHEN j % 10 = 3 THEN 1 ELSE 0 END, 1503 + place, p.born)
               AS "createdAt"
    FROM (
        SELECT 1 AS place, p.*, t.id AS thread FROM demo.popular(:images, :image_comments, 1000000,
            1404) AS p JOIN "Thread" t ON t."imageId" = p.id
        UNION ALL
        SELECT 2, p.*, t.id FROM demo.popular(:images / 6, :image_comments / 50 + 3, 1000000, 1405)
            AS p JOIN "Thread" t ON t."imageId" = demo.gone(p.i)
        UNION ALL
        SELECT 3, p.*, t.id FROM demo.popular(:posts, :post_comments, 1000000, 1406) AS p
            JOIN "Thread" t ON t."postId" = p.id
        UNION ALL
        SELECT 4, p.*, t.id FROM demo.popular(:articles, :article_comments, 1000000, 1407) AS p
            JOIN "Thread" t ON t."articleId" = p.id
        UNION ALL
        SELECT 5, p.*, t.id FROM demo.popular(:bounties, :bounty_comments, 1000000, 1408) AS p
            JOIN "Thread" t ON t."bountyId" = p.id
        UNION ALL
        SELECT 6, row_number() OVER (ORDER BY t.id), t.id, 2, 2 * row_number() OVER (ORDER BY t.id),
            0.5, t.id
        FROM "Thread" t
        WHERE num_nonnulls(t."imageId", t."postId", t."articleId", t."bountyId") = 0
    ) AS p
    CROSS JOIN LATERAL (SELECT p.thread AS id) AS t
    CROSS JOIN LATERAL generate_series(1, p.size) AS j
) AS comment;
