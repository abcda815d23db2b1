-- Threads: one for every post, image, article and bounty that is commented on, some of deleted
-- images (no foreign key), some that lost their entity (all NULL), and child threads, which hold
-- replies.
INSERT INTO "Thread" (id, "imageId", "postId", "articleId", "bountyId")
SELECT demo.id(row_number() OVER (ORDER BY place, i)), "imageId", "postId", "articleId", "bountyId"
FROM (
    SELECT 1 AS place, i, id AS "imageId", NULL::integer AS "postId", NULL::integer AS "articleId",
        NULL::integer AS "bountyId"
    FROM demo.popular(:images, :image_comments, 1000000, 1404)
    UNION ALL SELECT 2, i, demo.gone(i), NULL, NULL, NULL
        FROM demo.popular(:images / 6, :image_comments / 50 + 3, 1000000, 1405)
    UNION ALL SELECT 3, i, NULL, id, NULL, NULL FROM demo.popular(:posts, :post_comments, 1000000,
        1406)
    UNION ALL SELECT 4, i, NULL, NULL, id, NULL FROM demo.popular(:articles, :article_comments,
        1000000, 1407)
    UNION ALL SELECT 5, i, NULL, NULL, NULL, id FROM demo.popular(:bounties, :bounty_comments,
        1000000, 1408)
    UNION ALL SELECT 6, i, NULL, NULL, NULL, NULL FROM generate_series(1, :post_comments / 50 + 3)
        AS i
) AS root;

INSERT INTO "Thread" (id, "parentThreadId", "rootThreadId")
SELECT (SELECT max(id) FROM "Thread") + row_number() OVER (ORDER BY id), id, id
FROM "Thread"
WHERE id % 5 = 1;
