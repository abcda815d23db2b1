-- Tags.
INSERT INTO "Tag" (id, name, "createdAt")
SELECT demo.id(i), 'tag ' || i, demo.at(demo.born(i, :tags))
FROM generate_series(1, :tags::bigint) AS i;
