-- Users; more of them than ever act, so many have no event at all.
INSERT INTO "User" (id, "createdAt", "deletedAt")
SELECT demo.id(i), demo.at(demo.born(i, :users)), CASE WHEN i % 211 = 7 THEN demo.at(0.99) END
FROM generate_series(1, :users::bigint) AS i;
