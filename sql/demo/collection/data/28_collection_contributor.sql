-- Contributors: every mix of permissions, none, and NULL; createdAt may be NULL, sometimes
-- updatedAt as well.
INSERT INTO "CollectionContributor" ("createdAt", "updatedAt", "userId", "collectionId",
    permissions)
SELECT CASE WHEN n % 29 <> 8 AND n % 59 <> 10 THEN demo.moment(n, 2803, born) END,
       CASE WHEN n % 59 <> 10 THEN demo.moment(n, 2803, born) END,
       "userId", "collectionId",
       CASE WHEN n % 37 <> 11 THEN array_remove(ARRAY[
           CASE WHEN mask & 1 = 1 THEN 'VIEW' END, CASE WHEN mask & 2 = 2 THEN 'ADD' END,
           CASE WHEN mask & 4 = 4 THEN 'MANAGE' END, CASE WHEN mask & 8 = 8 THEN 'ADD_REVIEW' END
       ]::"CollectionContributorPermission"[], NULL) END
FROM (
    SELECT p.before + j AS n, p.id AS "collectionId", p.born,
        demo.actor(p.id, j, p.size, 2801) AS "userId",
           CASE WHEN (p.before + j) % 32 < 16 THEN (p.before + j) % 16 ELSE 1 END AS mask
    FROM demo.popular(:collections, :contributors, :actors, 2804) AS p,
        generate_series(1, p.size) AS j
) AS contributor;
