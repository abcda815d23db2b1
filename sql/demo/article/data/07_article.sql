-- Articles; createdAt is nullable there.
INSERT INTO "Article" (id, "createdAt", "updatedAt", title, "publishedAt", "userId")
SELECT demo.id(i),
       CASE WHEN i % 41 <> 13 THEN demo.at(demo.born(i, :articles)) END,
       demo.at(demo.born(i, :articles)),
       'article ' || i,
       CASE WHEN i % 7 <> 3 THEN demo.at(demo.born(i, :articles)) END,
       demo.owner(i, 701)
FROM generate_series(1, :articles::bigint) AS i;
