-- Bounties; the owner is nullable.
INSERT INTO "Bounty" (id, "userId", "createdAt")
SELECT demo.id(i), CASE WHEN i % 19 <> 5 THEN demo.owner(i, 801) END,
    demo.at(demo.born(i, :bounties))
FROM generate_series(1, :bounties::bigint) AS i;
