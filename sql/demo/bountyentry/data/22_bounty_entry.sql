-- Entries; some of users who are gone (NULL).
INSERT INTO "BountyEntry" (id, "userId", "bountyId", "createdAt", "updatedAt")
SELECT demo.id(p.before + j), CASE WHEN (p.before + j) % 17 <> 8
    THEN demo.actor(p.id, j, p.size, 2201) END, p.id,
       demo.moment(p.before + j, 2203, p.born), demo.moment(p.before + j, 2203, p.born)
FROM demo.popular(:bounties, :entries, :actors, 2204) AS p, generate_series(1, p.size) AS j;
