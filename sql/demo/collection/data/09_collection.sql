-- Collections: ordinary ones (mode NULL), Bookmark ones (one a user and type) and contests. What a
-- collection holds follows from its number (demo.kind), also where type is NULL.
INSERT INTO "Collection" (id, "createdAt", "updatedAt", name, "userId", type, mode)
SELECT demo.id(i),
       demo.at(demo.born(i, :collections)),
       demo.at(demo.born(i, :collections)),
       'collection ' || i,
       CASE WHEN i % 7 = 2 THEN demo.id(1 + (i / 7) % :actors) ELSE demo.owner(i, 901) END,
       CASE WHEN i % 11 <> 10 OR i % 7 = 2 THEN demo.kind(i) END,
       CASE WHEN i % 7 = 2 THEN 'Bookmark' WHEN i % 23 = 5 THEN 'Contest' END::"CollectionMode"
FROM generate_series(1, :collections::bigint) AS i;
