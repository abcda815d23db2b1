-- Which images were made with which versions: deleted versions and deleted images among them (no
-- foreign keys). The first two posts are published at the cutoff and just before it; their images
-- always count for version 1. ImageResource is the table of the plan, not the source: filled
-- sparsely, so that a reader of it is seen.
INSERT INTO "ImageResourceNew" ("imageId", "modelVersionId", strength, detected)
SELECT demo.id(demo.pick(p.id, j, p.size, :images, :images_some, :images_few, 1701)), p.id, 80,
    j % 2 = 0
FROM demo.popular(:versions, :resources, :images, 1704) AS p, generate_series(1, p.size) AS j
UNION ALL
SELECT demo.id(demo.pick(p.id, j, p.size, :images, :images_some, :images_few, 1702)),
    demo.gone(p.i), NULL, true
FROM demo.popular(:versions / 6, :resources / 50 + 3, :images, 1705) AS p,
    generate_series(1, p.size) AS j
UNION ALL
SELECT demo.gone(1 + demo.h(i, 1706) % (:images / 6)), demo.id(i), NULL, true
FROM generate_series(1, least(:versions, :resources / 50 + 3)) AS i;

INSERT INTO "ImageResourceNew" ("imageId", "modelVersionId", strength, detected)
SELECT i.id, v.id, 100, false
FROM "Image" i
CROSS JOIN (SELECT id FROM "ModelVersion" ORDER BY id LIMIT 3) AS v
WHERE i."postId" IN (SELECT id FROM "Post" ORDER BY id LIMIT 2)
  AND NOT EXISTS (SELECT FROM "ImageResourceNew" r WHERE r."imageId" = i.id
      AND r."modelVersionId" = v.id);

INSERT INTO "ImageResource" (id, "modelVersionId", name, "imageId")
SELECT row_number() OVER (ORDER BY r."imageId", r."modelVersionId"), r."modelVersionId", 'resource',
    r."imageId"
FROM "ImageResourceNew" r
WHERE r."imageId" % 3 = 0;
