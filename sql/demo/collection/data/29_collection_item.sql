-- Items of collections. What an item points to has no foreign key, so deleted things are among
-- them. createdAt may be NULL, sometimes updatedAt as well; addedById is NULL where the user is
-- gone and on the old likes that were moved into Bookmark collections. Then: the same things put
-- into a second collection by the same statement (same user, same millisecond), and a few bookmarks
-- that exist at every scale: at the cutoff, one millisecond before, and of one user twice.
INSERT INTO "CollectionItem" (
    id, "createdAt", "updatedAt", "collectionId", "articleId", "postId", "imageId", "modelId",
    "addedById", note, status
)
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 OR liked
    THEN demo.at(demo.u(n, 2906)) ELSE moment END, n)),
       CASE WHEN n % 31 <> 7 AND n % 61 <> 9 THEN moment END,
       CASE WHEN n % 61 <> 9 THEN moment END,
       "collectionId",
       CASE kind WHEN 'Article' THEN thing END,
       CASE kind WHEN 'Post' THEN thing END,
       CASE kind WHEN 'Image' THEN thing END,
       CASE kind WHEN 'Model' THEN thing END,
       CASE WHEN n % 13 <> 6 AND NOT liked THEN CASE WHEN n % 3 = 0 THEN demo.owner(n, 2907)
           ELSE "ownerId" END END,
       CASE WHEN liked THEN 'moved like' END,
       CASE WHEN n % 20 = 11 THEN 'REVIEW' WHEN n % 50 = 13 THEN 'REJECTED' ELSE 'ACCEPTED'
           END::"CollectionItemStatus"
FROM (
    SELECT p.before + j AS n, p.id AS "collectionId", p.kind,
           CASE WHEN p.i % 7 = 2 THEN demo.id(1 + (p.i / 7) % :actors) ELSE demo.owner(p.i, 901)
               END AS "ownerId",
           p.i % 7 = 2 AND (p.before + j) % 3 = 0 AS liked,
           CASE WHEN (p.before + j) % 43 = 17 THEN demo.gone(1 + picked / 6)
               ELSE demo.id(1 + (picked::bigint * 1000003) % many) END AS thing,
           demo.moment(p.before + j, 2903, p.born) AS moment
    FROM (
        SELECT p.i, p.id, p.before, p.born, k.kind, k.many, k.medium, k.few,
            least(p.size, k.most) AS size
        FROM demo.popular(:collections, :items, 1000000, 2904) AS p
        CROSS JOIN LATERAL (SELECT demo.kind(p.i) AS kind) AS own
        JOIN (VALUES
            ('Image'::"CollectionType", :images, :images_some, :images_few, :images / 2),
            ('Post', :posts, :posts_some, :posts_few, :posts / 2),
            ('Article', :articles, :articles_some, :articles_few, :articles / 4),
            ('Model', :models, :models_some, :models_few, :models / 4)
        ) AS k (kind, many, medium, few, most) ON k.kind = own.kind
    ) AS p
    CROSS JOIN generate_series(1, p.size) AS j
    CROSS JOIN LATERAL (SELECT demo.pick(p.id, j, p.size, p.many, p.medium, p.few, 2901) - 1 AS
        picked) AS item
) AS drawn;

INSERT INTO "CollectionItem" (
    id, "createdAt", "updatedAt", "collectionId", "articleId", "postId", "imageId", "modelId",
    "addedById", status
)
SELECT (SELECT max(id) FROM "CollectionItem") + row_number() OVER (ORDER BY i.id),
       i."createdAt", i."updatedAt", other.id, i."articleId", i."postId", i."imageId", i."modelId",
           i."addedById", i.status
FROM "CollectionItem" i
CROSS JOIN LATERAL (SELECT demo.id(1 + i.id::bigint % :collections) AS id) AS other
WHERE i.id % 97 IN (3, 4)
  AND other.id <> i."collectionId";

INSERT INTO "CollectionItem" (
    id, "createdAt", "updatedAt", "collectionId", "articleId", "modelId", "addedById"
)
SELECT (SELECT max(id) FROM "CollectionItem") + row_number() OVER (ORDER BY c.id, thing.n),
       thing.moment, thing.moment, c.id,
       CASE WHEN c.type = 'Article' THEN thing.article END,
       CASE WHEN c.type = 'Model' THEN thing.model END,
       CASE thing.n WHEN 1 THEN c."userId" WHEN 2 THEN c."userId" WHEN 3 THEN demo.id(1) END
FROM (
    (SELECT id, type, "userId" FROM "Collection" WHERE mode = 'Bookmark' AND type = 'Model'
        ORDER BY id LIMIT 2)
    UNION ALL
    (SELECT id, type, "userId" FROM "Collection" WHERE mode = 'Bookmark' AND type = 'Article'
        ORDER BY id LIMIT 2)
) AS c
CROSS JOIN (VALUES
    (1, demo.id(1), demo.id(1), :cutoff - INTERVAL '1 millisecond'),
    (2, demo.id(1), demo.id(2), :cutoff),
    (3, demo.id(2), demo.id(2), TIMESTAMP '2023-06-01 12:00:00.001'),
    (4, demo.id(3), demo.id(3), TIMESTAMP '2024-02-01 12:00:00.002')
) AS thing (n, article, model, moment);
