-- Models.
INSERT INTO "Model" (id, "createdAt", "updatedAt", nsfw, "userId", status, "publishedAt",
    "deletedAt")
SELECT demo.id(i),
       demo.at(demo.born(i, :models)),
       demo.at(demo.born(i, :models)),
       i % 5 = 0,
       demo.owner(i, 301),
       CASE i % 13 WHEN 3 THEN 'Draft' WHEN 7 THEN 'Unpublished' WHEN 11 THEN 'Deleted'
           ELSE 'Published' END::"ModelStatus",
       demo.at(demo.born(i, :models)),
       CASE WHEN i % 13 = 11 THEN demo.at(0.99) END
FROM generate_series(1, :models::bigint) AS i;
