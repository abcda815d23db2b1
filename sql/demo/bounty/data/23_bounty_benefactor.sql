-- Benefactors; a third have awarded an entry of the bounty, later than they joined, some without
-- awardedAt, some awards exactly at the cutoff and one millisecond before.
INSERT INTO "BountyBenefactor" ("userId", "bountyId", "unitAmount", "createdAt", "updatedAt",
    "awardedAt", "awardedToId", currency)
SELECT "userId", "bountyId", 50 * (1 + demo.h(n, 2305) % 200), "createdAt",
       CASE WHEN awarded IS NULL THEN "createdAt" ELSE award END,
       CASE WHEN awarded IS NOT NULL AND n % 12 <> 9 THEN award END,
       awarded,
       (ARRAY['BUZZ', 'BUZZ', 'BUZZ', 'USD', 'USDC'])[1 + n % 5]::"Currency"
FROM (
    SELECT n, "userId", b."bountyId", "createdAt", CASE WHEN n % 3 = 0 THEN CASE WHEN n % 2 = 0
        THEN e.first ELSE e.last END END AS awarded,
           CASE n % 1009
               WHEN 3 THEN :cutoff
               WHEN 6 THEN :cutoff - INTERVAL '1 millisecond'
               ELSE least(:now - INTERVAL '1 millisecond',
                   "createdAt" + floor(demo.u(n, 2306) * 2592000000) * INTERVAL '1 millisecond')
           END AS award
    FROM (
        SELECT p.before + j AS n, p.id AS "bountyId", demo.actor(p.id, j, p.size, 2301) AS "userId",
               demo.moment(p.before + j, 2303, p.born) AS "createdAt"
        FROM demo.popular(:bounties, :benefactors, :actors, 2304) AS p,
            generate_series(1, p.size) AS j
    ) AS b
    LEFT JOIN (SELECT "bountyId", min(id) AS first, max(id) AS last FROM "BountyEntry" GROUP BY 1)
        AS e ON e."bountyId" = b."bountyId"
) AS benefactor;
