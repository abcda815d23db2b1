-- Tips: one row a giver and thing, topped up in place. entityType is free text: both spellings of
-- the bounty entry, kinds that are nobody's metric (Post, ModelVersion), and deleted things (no
-- foreign key).
INSERT INTO "BuzzTip" ("entityType", "entityId", "toUserId", "fromUserId", amount, "createdAt",
    "updatedAt")
SELECT kind, "entityId", demo.owner("entityId", 2506), "userId", 5 * (1 + demo.h(n, 2505) % 100),
    "createdAt",
       CASE WHEN n % 6 = 0 THEN least(:now - INTERVAL '1 millisecond',
           "createdAt" + INTERVAL '40 days') ELSE "createdAt" END
FROM (
    SELECT kind, p.before + j AS n, p.id AS "entityId", demo.actor(p.id, j, p.size, 2501 + salt)
        AS "userId",
           demo.moment(p.before + j, 2503 + salt, p.born) AS "createdAt"
    FROM (
        SELECT 'Model' AS kind, 10 AS salt, * FROM demo.popular(:models, :model_tips, :actors, 2510)
        UNION ALL SELECT 'Image', 20, * FROM demo.popular(:images, :image_tips, :actors, 2520)
        UNION ALL SELECT 'Article', 30, * FROM demo.popular(:articles, :article_tips, :actors, 2530)
        UNION ALL SELECT 'BountyEntry', 40, * FROM demo.popular((SELECT count(*)
            FROM "BountyEntry"), :entry_tips / 2, :actors, 2540)
        UNION ALL SELECT 'bountyEntry', 50, * FROM demo.popular((SELECT count(*)
            FROM "BountyEntry"), :entry_tips / 2, :actors, 2550)
        UNION ALL SELECT 'Post', 60, * FROM demo.popular(:posts, :article_tips, :actors, 2560)
        UNION ALL SELECT 'ModelVersion', 70, * FROM demo.popular(:versions, :article_tips, :actors,
            2570)
        UNION ALL SELECT 'Model', 80, i, demo.gone(i), size, before, born
            FROM demo.popular(:models / 6, 3, :actors, 2580)
        UNION ALL SELECT 'Image', 90, i, demo.gone(i), size, before, born
            FROM demo.popular(:images / 6, :image_tips / 20 + 3, :actors, 2590)
        UNION ALL SELECT 'Article', 100, i, demo.gone(i), size, before, born
            FROM demo.popular(:articles / 6, 3, :actors, 2600)
        UNION ALL SELECT 'BountyEntry', 110, i, demo.gone(i), size, before, born
            FROM demo.popular((SELECT count(*) / 6 FROM "BountyEntry"), 3, :actors, 2610)
    ) AS p, generate_series(1, p.size) AS j
) AS tip;
