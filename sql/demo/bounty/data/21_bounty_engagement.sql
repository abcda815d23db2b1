-- Favoured and tracked bounties; every fifth user does both.
INSERT INTO "BountyEngagement" ("userId", "bountyId", type, "createdAt")
SELECT demo.actor(p.id, j - j / 5, p.size, 2101), p.id,
       CASE WHEN (demo.h(p.before + j - repeated, 2102) + repeated) % 2 = 0 THEN 'Favorite'
           ELSE 'Track' END::"BountyEngagementType",
       demo.moment(p.before + j, 2103, p.born)
FROM demo.popular(:bounties, :bounty_engagements, :actors, 2104) AS p
CROSS JOIN generate_series(1, p.size) AS j
CROSS JOIN LATERAL (SELECT CASE WHEN j % 5 = 0 THEN 1 ELSE 0 END AS repeated) AS again;
